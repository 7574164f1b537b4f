//! A live camera of 640x480 at 25 frames a second into a sink that keeps time: whether frames are
//! lost, how many are restored, how long each is under way, whether memory stays flat.
//!
//! ```sh
//! cargo run --release -p gst-plugin-ddrmjpeg --example live -- 600 \
//!     "ddrmjpegdec late-policy=passthrough"
//! ```
//!
//! Takes seconds, an element with its properties, and a pattern of videotestsrc (`ball`).
//! Prints a line every ten seconds, and exits with 1 when a frame was lost.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;

/// Times of the frames that reached the sink, in milliseconds under way.
type UnderWay = Arc<Mutex<Vec<f64>>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(60);
    let element = arguments.next();
    let element = element.unwrap_or_else(|| "ddrmjpegdec late-policy=passthrough".into());
    let pattern = arguments.next().unwrap_or_else(|| "ball".into());
    gst::init().expect("GStreamer starts");
    gstddrmjpeg::plugin_register_static().expect("the plugin registers");
    let (name, properties) = element.split_once(' ').unwrap_or((&element, ""));
    let line = format!(
        "videotestsrc is-live=true pattern={pattern} num-buffers={} \
         ! video/x-raw,format=I420,width=640,height=480,framerate=25/1 ! jpegenc quality=50 ! queue \
         ! {name} name=d {properties} ! queue ! fakesink name=s sync=true qos=true \
         signal-handoffs=true",
        25 * seconds
    );
    let pipeline = gst::parse::launch(&line).expect("a line of gst-launch-1.0");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let (arrived, under_way) = watch(&pipeline);
    let played = play(&pipeline, &under_way);
    let stats = figures(&pipeline);
    pipeline.set_state(gst::State::Null).expect("it stops");
    let arrived = arrived.load(Ordering::Relaxed);
    println!("{arrived} of {} frames arrived; {stats}", 25 * seconds);
    match played && arrived == 25 * seconds {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Counts and times the frames that reach the sink.
fn watch(pipeline: &gst::Pipeline) -> (Arc<AtomicU64>, UnderWay) {
    let arrived = Arc::new(AtomicU64::new(0));
    let under_way = UnderWay::default();
    let (count, times) = (arrived.clone(), under_way.clone());
    let sink = pipeline.by_name("s").expect("the sink");
    sink.connect("handoff", false, move |values| {
        let sink = values.first()?.get::<gst::Element>().ok()?;
        let buffer = values.get(1)?.get::<gst::Buffer>().ok()?;
        let ms = sink
            .current_running_time()?
            .saturating_sub(buffer.pts()?)
            .useconds();
        count.fetch_add(1, Ordering::Relaxed);
        times.lock().ok()?.push(ms as f64 / 1e3);
        None
    });
    (arrived, under_way)
}

/// Plays to the end; whether it was reached without an error.
fn play(pipeline: &gst::Pipeline, under_way: &UnderWay) -> bool {
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let mut told = Instant::now();
    loop {
        if told.elapsed() >= Duration::from_secs(10) {
            told = Instant::now();
            report(pipeline, under_way);
        }
        let Some(message) = bus.timed_pop(gst::ClockTime::from_seconds(1)) else {
            continue;
        };
        match message.view() {
            gst::MessageView::Latency(_) => {
                // As gst-launch-1.0 does; a sink that refuses keeps what it has.
                let _ = pipeline.recalculate_latency();
            }
            gst::MessageView::Eos(_) => return true,
            gst::MessageView::Error(error) => {
                eprintln!("{error:?}");
                return false;
            }
            _ => {}
        }
    }
}

fn report(pipeline: &gst::Pipeline, under_way: &UnderWay) {
    let mut times = std::mem::take(&mut *under_way.lock().expect("no panic"));
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize);
    let longest = times.last();
    println!(
        "{} frames, under way {:.0?} ms in the middle, {longest:.0?} at most; {} KB; {}",
        times.len(),
        at(0.5),
        resident_kb(),
        figures(pipeline)
    );
}

/// The figures that matter here.
fn figures(pipeline: &gst::Pipeline) -> String {
    let element = pipeline.by_name("d").expect("the element");
    let stats: gst::Structure = element.property("stats");
    let names = [
        "share",
        "late",
        "dropped",
        "mean-ms",
        "last-ms",
        "latency-ms",
        "pixels-reused",
    ];
    let one = |name: &&str| {
        stats
            .value(*name)
            .ok()
            .map(|value| format!("{name} {value:?}"))
    };
    names.iter().filter_map(one).collect::<Vec<_>>().join(", ")
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}
