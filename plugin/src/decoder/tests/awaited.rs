//! Whose lack of time counts: the table of docs/guide/servers.md, sink by sink, with sources that
//! are live and that are not, by each policy. The model that was asked for takes three times as
//! long as a frame lasts, the lesser one much less.

use std::sync::Arc;
use std::time::Duration;

use gst::prelude::*;

use super::{PATIENCE, painted, share};
use crate::restorer::FrameRestorer;

/// Frames at 100 a second.
const FRAMES: u64 = 20;

/// What becomes of the frames of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// All are restored by what was asked for.
    Whole,
    /// Time counts: what is late, or would be, is restored with less, or is not.
    Timed,
}
use Fate::{Timed, Whole};

/// The cores that elements find as lean and nano, as long as these are kept.
fn cores() -> [Arc<dyn FrameRestorer>; 2] {
    [("lean", 30), ("nano", 1)].map(|(name, ms)| {
        share(name, move |file, _| {
            std::thread::sleep(Duration::from_millis(ms));
            Ok(painted(file))
        })
    })
}

/// Plays frames into `sink`; the figures, and the texts of the decoder's warnings.
fn play(live: bool, policy: &str, sink: &str) -> (gst::Structure, Vec<String>) {
    let pipeline = gst::parse::launch(&format!(
        "videotestsrc is-live={live} num-buffers={FRAMES} \
         ! video/x-raw,format=GRAY8,width=64,height=64,framerate=100/1 ! jpegenc ! queue \
         ! ddrmjpegdec name=d late-policy={policy} ! queue ! {sink}"
    ));
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let decoder = pipeline.by_name("d").unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let (bus, mut warnings) = (pipeline.bus().unwrap(), Vec::new());
    let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
    loop {
        let message = bus.timed_pop(wait).expect("the stream goes on");
        match message.view() {
            // A sink between two files has none to tell.
            gst::MessageView::Latency(_) => drop(pipeline.recalculate_latency()),
            gst::MessageView::Warning(warning) if warning.src() == Some(decoder.upcast_ref()) => {
                warnings.push(warning.error().to_string());
            }
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(_) => panic!("{message:?}"),
            _ => {}
        }
    }
    let stats = decoder.property("stats");
    pipeline.set_state(gst::State::Null).unwrap();
    (stats, warnings)
}

/// Plays them and compares what came of them with one place of the table.
fn check(live: bool, policy: &str, sink: &str, fate: Fate) {
    let (stats, warnings) = play(live, policy, sink);
    let told = format!("live={live} late-policy={policy} {sink}: {stats}, {warnings:?}");
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    assert_eq!(count("frames"), FRAMES, "{told}");
    let short = count("late") + count("lesser-model") + count("reduced");
    let whole = count("restored") == FRAMES && short == 0;
    assert_eq!(whole, fate == Whole, "{told}");
    // Whatever speed decided is said.
    assert_eq!(warnings.is_empty(), fate == Whole, "{told}");
    assert!(policy == "drop" || count("dropped") == 0, "{told}");
}

/// A sink, and what it makes of time under drop, passthrough and process, of sources that are not live
/// and of live ones.
fn table(sink: &str, resting: [Fate; 3], live: [Fate; 3]) {
    let _cores = cores();
    for (is_live, fates) in [(false, resting), (true, live)] {
        let policies = ["drop", "passthrough", "process"];
        for (policy, fate) in policies.into_iter().zip(fates) {
            check(is_live, policy, sink, fate);
        }
    }
}

/// Nobody waits, but for a live source whose frames must not pile up, where that is asked for.
const KEEPS_NO_TIME: [[Fate; 3]; 2] = [[Whole, Whole, Whole], [Whole, Timed, Whole]];
/// The sink says when frames are late.
const KEEPS_TIME: [[Fate; 3]; 2] = [[Timed, Timed, Whole], [Timed, Timed, Whole]];

fn keeps_no_time(sink: &str) {
    let [resting, live] = KEEPS_NO_TIME;
    table(sink, resting, live);
}

fn keeps_time(sink: &str) {
    let [resting, live] = KEEPS_TIME;
    table(sink, resting, live);
}

#[test]
fn a_sink_without_synchronisation() {
    keeps_no_time("fakesink sync=false qos=true");
}

#[test]
fn a_file() {
    keeps_no_time("filesink location=/dev/null");
}

#[test]
fn files_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    keeps_no_time(&format!(
        "jpegenc ! splitmuxsink muxer-factory=matroskamux location={path}/part%05d.mkv"
    ));
}

#[test]
fn hls() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    keeps_no_time(&format!(
        "videoconvert ! video/x-raw,format=I420 ! openh264enc ! h264parse \
         ! hlssink2 location={path}/part%05d.ts playlist-location={path}/list.m3u8"
    ));
}

#[test]
fn a_synchronised_sink() {
    keeps_time("fakesink sync=true qos=true");
}

#[test]
fn an_application() {
    const APPSINK: &str = "appsink wait-on-eos=false drop=true max-buffers=1";
    keeps_no_time(&format!("{APPSINK} sync=false"));
    // Its default: it keeps time and does not say so.
    keeps_no_time(&format!("{APPSINK} sync=true qos=false"));
    keeps_time(&format!("{APPSINK} sync=true qos=true"));
}
