//! When lateness matters: the table of docs/guide/servers.md, for each sink, with live and other
//! sources, for each policy. The requested model takes three times as long as a frame lasts, the
//! smaller one much less.

use std::sync::Arc;
use std::time::Duration;

use gst::prelude::*;

use super::{PATIENCE, painted, share};
use crate::restorer::FrameRestorer;

/// Frames at 100 a second.
const FRAMES: u64 = 20;

/// What happens to the frames of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// All are restored as requested.
    Whole,
    /// Frames that are late, or would be, are restored with less work or not at all.
    Timed,
}
use Fate::{Timed, Whole};

/// Cores that elements get as lean and nano, for as long as these are held.
fn cores() -> [Arc<dyn FrameRestorer>; 2] {
    [("lean", 30), ("nano", 1)].map(|(name, ms)| {
        share(name, move |file, _| {
            std::thread::sleep(Duration::from_millis(ms));
            Ok(painted(file))
        })
    })
}

/// Plays frames into `sink`. Returns the figures, and the texts of the decoder's warnings.
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
            // A pipeline between two files has no latency to report.
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

/// Plays them and compares the result with one entry of the table.
fn check(live: bool, policy: &str, sink: &str, fate: Fate) {
    let (stats, warnings) = play(live, policy, sink);
    let told = format!("live={live} late-policy={policy} {sink}: {stats}, {warnings:?}");
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    assert_eq!(count("frames"), FRAMES, "{told}");
    let short = count("late") + count("lesser-model") + count("reduced");
    let whole = count("restored") == FRAMES && short == 0;
    assert_eq!(whole, fate == Whole, "{told}");
    // Each decision because of speed is reported.
    assert_eq!(warnings.is_empty(), fate == Whole, "{told}");
    assert!(policy == "drop" || count("dropped") == 0, "{told}");
}

/// Checks a sink with the policies drop, passthrough and process, for sources that are not live and
/// for live ones.
fn table(sink: &str, resting: [Fate; 3], live: [Fate; 3]) {
    let _cores = cores();
    for (is_live, fates) in [(false, resting), (true, live)] {
        let policies = ["drop", "passthrough", "process"];
        for (policy, fate) in policies.into_iter().zip(fates) {
            check(is_live, policy, sink, fate);
        }
    }
}

/// Nothing is late, except with a live source whose frames must not pile up, if the policy says so.
const KEEPS_NO_TIME: [[Fate; 3]; 2] = [[Whole, Whole, Whole], [Whole, Timed, Whole]];
/// The sink reports when frames are late.
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
    // Its default: it keeps time but does not report it.
    keeps_no_time(&format!("{APPSINK} sync=true qos=false"));
    keeps_time(&format!("{APPSINK} sync=true qos=true"));
}
