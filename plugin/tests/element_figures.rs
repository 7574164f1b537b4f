//! Figures as messages: `stats-interval` of both restoring elements.

mod common;

use common::pipeline;
use gst::prelude::*;

/// What restores in each of the pipelines.
const RESTORERS: [&str; 2] = [
    "jpegdec idct-method=islow ! ddrmjpeg name=d qf=20 model=identity",
    "ddrmjpegdec name=d model=identity",
];

/// The structures that the element posts while ten frames go through.
fn posted(restorer: &str, interval: u64) -> Vec<gst::Structure> {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=32,height=32 \
         ! jpegenc quality=20 ! {restorer} stats-interval={interval} ! fakesink"
    ));
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let mut found = Vec::new();
    loop {
        let wait = gst::ClockTime::from_seconds(60);
        let message = bus.timed_pop(wait).expect("the stream ends");
        match message.view() {
            gst::MessageView::Element(element) => {
                found.extend(element.structure().map(gst::StructureRef::to_owned));
            }
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    found.retain(|structure| structure.name().ends_with("-stats"));
    found
}

#[test]
fn figures_come_with_frames_and_at_the_end() {
    for restorer in RESTORERS {
        // Every nanosecond: with each frame. Every hour: with the first.
        for (interval, expected) in [(1, 11), (3_600_000_000_000, 2), (0, 0)] {
            let found = posted(restorer, interval);
            assert_eq!(found.len(), expected, "{restorer} {interval}");
        }
    }
}

#[test]
fn they_are_those_of_the_property() {
    for restorer in RESTORERS {
        let found = posted(restorer, 1);
        let last = found.last().unwrap();
        for name in ["frames", "restored", "late", "reduced", "network-calls"] {
            assert!(
                last.get::<u64>(name).is_ok(),
                "{restorer}: no {name} in {last}"
            );
        }
        assert_eq!(last.get::<u64>("frames"), Ok(10), "{restorer}");
        assert_eq!(last.get::<f64>("share"), Ok(1.0), "{restorer}: {last}");
        assert!(last.get::<f64>("mean-ms").unwrap() > 0.0);
        let pixels = last.get::<u64>("pixels").unwrap();
        assert!(last.get::<u64>("pixels-reused").unwrap() <= pixels);
    }
}
