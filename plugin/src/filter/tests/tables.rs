//! Which tables the core is asked to use, and which results are counted.

use std::sync::{Arc, Mutex};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::recover::estimate::{Estimate, Fill, Known};
use ddrmjpeg::restore::{Estimated, FrameInfo, FrameTables, Gate, Report, Restored, TablesFrom};
use gst::prelude::*;

use super::{harness, marked, share, texts};
use crate::restorer::FrameRestorer;

const GREY: &str = "video/x-raw,format=GRAY8,width=8,height=8,framerate=25/1";

fn frame() -> gst::Buffer {
    gst::Buffer::from_mut_slice(vec![7u8; 64])
}

fn told(step: u16) -> Arc<Estimated> {
    Arc::new(Estimated {
        luma: Estimate {
            steps: [step; 64],
            known: [Known::Seen; 64],
            step_confidence: [9.0; 64],
            fill: Fill::Neighbours,
            offset: (0, 0),
            confidence: 2.0,
        },
        chroma: None,
        subsampling: None,
        margin: (0, 0),
        orientation: Default::default(),
    })
}

/// A grey JPEG with tables of no known encoder and the marker of Photoshop.
fn photoshops() -> Vec<u8> {
    let picture = Planar8::new(PixelModel::Grey, 8, 8, (1, 1));
    let steps = std::array::from_fn(|i| 3 + i as u16);
    let bytes = jpeg::file::write::encode_with(&picture, &[steps; 3], (1, 1)).unwrap();
    let marker = b"Photoshop 3.0\0";
    let head = [0xFF, 0xED, 0, marker.len() as u8 + 2];
    [&bytes[..2], &head, marker, &bytes[2..]].concat()
}

/// The family gets from the markers of a file, through the meta and another decoder, to the core.
#[test]
fn the_encoder_of_the_file_reaches_the_core() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let _core = share("records-family", move |frame, tables, _| {
        if let Some(header) = &tables.header {
            kept.lock().unwrap().push(header.family.clone());
        }
        let mut out = marked(frame);
        out.report.family = Some(Family::Adobe);
        Ok(out)
    });
    let mut harness = gst_check::Harness::new_parse(
        "ddrmjpegtables ! jpegdec idct-method=islow ! ddrmjpeg name=d model=records-family",
    );
    harness.set_src_caps_str("image/jpeg,width=8,height=8,framerate=25/1,parsed=true");
    let libjpegs = Planar8::new(PixelModel::Grey, 8, 8, (1, 1));
    let libjpegs = jpeg::encode(&libjpegs, 50, (1, 1)).unwrap();
    for bytes in [photoshops(), libjpegs] {
        harness.push(gst::Buffer::from_slice(bytes)).unwrap();
    }
    harness.push_event(gst::event::Eos::new());
    assert_eq!(*seen.lock().unwrap(), [Family::Adobe, Family::Libjpeg]);
    let filter = harness.element().unwrap().downcast::<gst::Bin>().unwrap();
    let stats: gst::Structure = filter.by_name("d").unwrap().property("stats");
    assert_eq!(stats.get::<&str>("encoder"), Ok("Adobe"));
}

/// A core with a list of what to find in each frame that it searches. Returns what it was asked
/// for, too.
fn share_searcher(
    name: &str,
    finds: impl Fn(usize) -> Option<u16> + Send + Sync + 'static,
) -> (Arc<dyn FrameRestorer>, Arc<Mutex<Vec<FrameInfo>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    let core = share(name, move |frame, tables, _| {
        let mut kept = kept.lock().unwrap();
        let n = kept.len();
        kept.push(tables.clone());
        // In this test a remembered table fits even frames.
        let holds = tables.earlier.clone().filter(|_| n % 2 == 0);
        let searched = holds.is_none() && tables.tables == FrameTables::Estimate;
        let found = match searched {
            true => finds(n).map(told),
            false => holds,
        };
        let mut out = marked(frame);
        out.report = {
            let mut report = Report::default();
            report.restored = found.is_some();
            report.tables_from = found.is_some().then_some(TablesFrom::Pixels);
            report.notes = found
                .is_none()
                .then(|| "cannot be told".into())
                .into_iter()
                .collect();
            report.estimated = found;
            report.searched = searched;
            report
        };
        Ok(out)
    });
    (core, asked)
}

#[test]
fn what_a_frame_told_is_asked_of_the_next_and_searched_anew_when_it_fails() {
    let (_core, asked) = share_searcher("tells", |n| Some(n as u16 + 1));
    let (mut harness, _) = harness("tells", GREY);
    let element = harness.element().unwrap();
    element.set_property("qf", 0u32);
    for _ in 0..5 {
        harness.push_and_pull(frame()).unwrap();
    }
    let earlier = |step| FrameInfo::from(FrameTables::Estimate).with_earlier(told(step));
    // Frame 1 contradicts the tables of frame 0, and frame 3 those of frame 1.
    assert_eq!(
        *asked.lock().unwrap(),
        [
            FrameTables::Estimate.into(),
            earlier(1),
            earlier(2),
            earlier(2),
            earlier(4)
        ]
    );
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("estimate"), Ok(5));
    assert_eq!(stats.get::<u64>("estimate-searches"), Ok(3));
}

#[test]
fn frames_that_tell_nothing_are_searched_seldom_and_warned_of_once() {
    let (_core, _) = share_searcher("tells-nothing", |_| None);
    let (mut harness, bus) = harness("tells-nothing", GREY);
    let element = harness.element().unwrap();
    element.set_property("qf", 0u32);
    for _ in 0..100 {
        let out = harness.push_and_pull(frame()).unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), [7; 64]);
    }
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("passed-through"), Ok(100));
    // Frames 0, 1, 3, 7, 15, 31, 63.
    assert_eq!(stats.get::<u64>("estimate-searches"), Ok(7));
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

/// New caps start another stream: tables of the last one are forgotten, and so is the wait before
/// the next search.
#[test]
fn new_caps_are_searched_at_once() {
    let (_core, asked) = share_searcher("tells-late", |n| (n > 3).then_some(9));
    let (mut harness, _) = harness("tells-late", GREY);
    harness.element().unwrap().set_property("qf", 0u32);
    for _ in 0..3 {
        harness.push_and_pull(frame()).unwrap();
    }
    harness.set_src_caps_str("video/x-raw,format=GRAY8,width=4,height=16,framerate=25/1");
    harness.push_and_pull(frame()).unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(
        asked[2..],
        [FrameTables::Unknown, FrameTables::Estimate].map(FrameInfo::from)
    );
}

#[test]
fn what_the_gate_did_is_counted() {
    let count = Mutex::new(0);
    let _core = share("gates", move |frame, _, _| {
        let mut n = count.lock().unwrap();
        *n += 1;
        let gate = [Gate::Open, Gate::Closed, Gate::Closed, Gate::Open][*n - 1];
        let mut report = Report::default();
        report.gate = gate;
        report.restored = gate != Gate::Closed;
        let frame = marked(frame).frame;
        Ok(Restored::new(frame, report))
    });
    let (mut harness, bus) = harness("gates", GREY);
    for _ in 0..4 {
        harness.push_and_pull(frame()).unwrap();
    }
    let stats: gst::Structure = harness.element().unwrap().property("stats");
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    assert_eq!(count("gated"), 2);
    assert_eq!((count("restored"), count("passed-through")), (2, 2));
    // Good pictures give no warning.
    assert_eq!(texts(&bus, gst::MessageType::Warning), [""; 0]);
}
