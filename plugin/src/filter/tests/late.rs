//! What happens to late frames with a sink that keeps time, for each policy; and that the
//! application is notified.

use std::sync::Arc;
use std::time::Duration;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::options::Preset;
use ddrmjpeg::restore::{FrameInfo, Layout, Restored};
use ddrmjpeg::{Control, Error, ModelOptions, RestoreOptions, Result};
use gst::prelude::*;

use super::{PATIENCE, init, marked};
use crate::registry;
use crate::restorer::FrameRestorer;

/// A core that takes a fixed time for each view or draw.
struct Paced(Duration);

impl FrameRestorer for Paced {
    fn restore_frame(
        &self,
        frame: &Planar8,
        _: &FrameInfo,
        options: &RestoreOptions,
        _: Control<'_>,
    ) -> Result<Restored> {
        let views = match options.preset {
            Preset::Quality => options.samples.unwrap_or(8) as u32,
            _ => 1,
        };
        std::thread::sleep(self.0 * views);
        Ok(marked(frame))
    }

    fn restore_file(
        &self,
        _: &JpegFile,
        _: Layout,
        _: &RestoreOptions,
        _: Control<'_>,
    ) -> Result<Restored> {
        Err(Error::Backend("the filter restores no files".into()))
    }
}

/// The result of 30 frames at 100 per second.
#[derive(Debug, Default)]
struct Played {
    frames: u64,
    restored: u64,
    passed: u64,
    dropped: u64,
    late: u64,
    reduced: u64,
    lesser: u64,
    /// Frames that reached the sink.
    arrived: u64,
    /// The quality of each QOS message of the element, in millionths.
    told: Vec<i32>,
}

/// Plays the frames through a core that takes `ms` for each view, with these properties.
fn play(model: &str, ms: u64, properties: &str) -> Played {
    init();
    let core: Arc<dyn FrameRestorer> = Arc::new(Paced(Duration::from_millis(ms)));
    let options = ModelOptions::default().with_model(model);
    registry::share(&options, &core);
    let launch = format!(
        "videotestsrc num-buffers=30 \
         ! video/x-raw,format=GRAY8,width=16,height=16,framerate=100/1 \
         ! ddrmjpeg name=d qf=20 model={model} {properties} ! queue \
         ! fakesink name=s sync=true qos=true"
    );
    let pipeline = gst::parse::launch(&launch).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let element = pipeline.by_name("d").unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let wait = gst::ClockTime::try_from(PATIENCE).unwrap();
    let bus = pipeline.bus().unwrap();
    let mut played = Played::default();
    while let Some(message) = bus.timed_pop(wait) {
        match message.view() {
            gst::MessageView::Qos(qos) if qos.src() == Some(element.upcast_ref()) => {
                let (_, _, quality) = qos.values();
                played.told.push(quality);
            }
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(_) => panic!("{message:?}"),
            _ => {}
        }
    }
    let sink: gst::Structure = pipeline.by_name("s").unwrap().property("stats");
    played.arrived = sink.get("rendered").unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    let stats: gst::Structure = element.property("stats");
    let count = |name: &str| stats.get::<u64>(name).unwrap();
    let share = count("restored") as f64 / count("frames") as f64;
    assert_eq!(stats.get::<f64>("share"), Ok(share));
    Played {
        frames: count("frames"),
        restored: count("restored"),
        passed: count("passed-through"),
        dropped: count("dropped"),
        late: count("late"),
        reduced: count("reduced"),
        lesser: count("lesser-model"),
        ..played
    }
}

#[test]
fn late_frames_are_dropped_counted_and_told() {
    let played = play("slow", 25, "");
    assert_eq!(played.frames, 30);
    assert_eq!(played.restored + played.dropped, 30, "{played:?}");
    assert!(played.dropped > 0 && played.restored > 0, "{played:?}");
    assert_eq!(played.late, played.dropped, "{played:?}");
    assert_eq!(played.told.len() as u64, played.dropped);
}

#[test]
fn late_frames_pass_through_and_none_is_lost() {
    let played = play("slow-pass", 25, "late-policy=passthrough");
    assert_eq!((played.frames, played.arrived), (30, 30), "{played:?}");
    assert_eq!(played.restored + played.passed, 30, "{played:?}");
    assert!(played.passed > 0 && played.restored > 0, "{played:?}");
    assert_eq!(played.told, vec![0; played.passed as usize]);
}

#[test]
fn late_frames_are_restored_all_the_same_when_asked() {
    for (model, properties) in [
        ("slow-all", "qos=false"),
        ("slow-process", "late-policy=process"),
    ] {
        let played = play(model, 25, properties);
        assert_eq!((played.frames, played.restored), (30, 30), "{played:?}");
        assert_eq!((played.dropped, played.late), (0, 0), "{played:?}");
        assert_eq!(played.told, [0; 0]);
    }
}

/// There are 10 ms per frame: eight views take 32, one takes 4.
#[test]
fn less_work_comes_before_giving_up() {
    let played = play("paced", 4, "preset=quality late-policy=passthrough");
    assert!(played.reduced > 0, "{played:?}");
    assert!(played.restored > played.passed, "{played:?}");
    assert_eq!(played.arrived, 30, "{played:?}");
    let part = |quality: &&i32| (1..1_000_000).contains(*quality);
    let reduced = played.told.iter().filter(part).count();
    assert_eq!(reduced as u64, played.reduced, "{played:?}");
}

/// There are 10 ms per frame: lean takes 40, nano 2.
#[test]
fn a_model_that_cannot_keep_up_gives_way_to_a_lesser_one() {
    init();
    let nano: Arc<dyn FrameRestorer> = Arc::new(Paced(Duration::from_millis(2)));
    let options = ModelOptions::default().with_model("nano");
    registry::share(&options, &nano);
    let played = play("lean", 40, "late-policy=passthrough");
    assert_eq!((played.frames, played.arrived), (30, 30), "{played:?}");
    assert!(played.lesser > 15, "{played:?}");
    assert!(played.restored > played.lesser, "{played:?}");
    assert_eq!(played.reduced, played.lesser, "{played:?}");

    let patient = play("lean", 15, "late-policy=process");
    assert_eq!((patient.restored, patient.lesser), (30, 0), "{patient:?}");
}
