//! Files from decoder test suites through the elements: unusual ones, and ones that broke
//! decoders. DDRMJPEG_CORPUS names a folder with `odd/` and `crash/`.

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::decoder::{Decoder, Out};
use common::stat;
use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;
use gst::prelude::*;
use gst_video::VideoInfo;

fn files(kind: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("DDRMJPEG_CORPUS").expect("DDRMJPEG_CORPUS names the corpus");
    let folder = PathBuf::from(root).join(kind);
    let found = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    assert!(
        found.len() > 50,
        "{} files in {}",
        found.len(),
        folder.display()
    );
    found
}

/// Pushes every file, whole or in parts, through one decoder; (frames, errors) of its stats.
fn play(kind: &str, input: &str, part: usize) -> (u64, u64) {
    let properties = [("model", "identity"), ("max-errors", "-1")];
    let mut decoder = Decoder::with(&properties, input, "RGB");
    for path in files(kind) {
        let bytes = fs::read(&path).unwrap();
        let begun = Instant::now();
        for bytes in bytes.chunks(part) {
            decoder
                .push(bytes)
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
        while decoder.pull().is_some() {}
        // A hang, not a benchmark; the largest files have 33 megapixels.
        let took = begun.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "{}: {took:?}",
            path.display()
        );
    }
    let errors = decoder.texts(gst::MessageType::Error);
    assert_eq!(errors, [""; 0]);
    (
        stat(&decoder.element, "frames"),
        stat(&decoder.element, "errors"),
    )
}

const FRAMED: &str = "image/jpeg,framerate=25/1,parsed=true";

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_of_odd_files_is_decoded() {
    let (frames, errors) = play("odd", FRAMED, usize::MAX);
    println!("{frames} frames, {errors} errors");
    // A PNG in disguise, and a header alone: what the command refuses too.
    assert!(errors <= 2, "{errors} of {frames}");
}

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_of_crashers_is_survived() {
    let (frames, errors) = play("crash", FRAMED, usize::MAX);
    println!("{frames} frames, {errors} errors");
    assert!(errors > 0 && errors < frames);
}

/// The same as one stream that nobody has parsed.
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_as_a_stream_is_survived() {
    for kind in ["odd", "crash"] {
        let (frames, errors) = play(kind, "image/jpeg", 4096);
        println!("{kind}: {frames} frames, {errors} errors");
        assert!(errors < frames);
    }
}

/// The second and third time through all files leave nothing allocated that the first did not
/// (some KB were seen); a leak of the inputs alone would be 14 and 2 MB each time.
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_leaves_no_memory_behind() {
    for kind in ["odd", "crash"] {
        let held = [(); 3].map(|()| {
            play(kind, FRAMED, usize::MAX);
            common::held_kb()
        });
        println!("{kind}: {held:?} KB held after each time");
        let grown = held[2].saturating_sub(held[0]);
        assert!(grown < 256, "{kind}: {grown} KB in two times");
    }
}

/// Elements behind each other in a harness, and their bus.
fn line(launch: &str) -> (gst_check::Harness, gst::Bus) {
    common::init();
    let mut harness = gst_check::Harness::new_parse(launch);
    let bus = gst::Bus::new();
    harness.element().unwrap().set_bus(Some(&bus));
    harness.set_src_caps_str(FRAMED);
    (harness, bus)
}

/// Behind another decoder, whose errors are its own: ours post none, whatever comes.
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_by_way_of_another_decoder_is_survived() {
    for kind in ["odd", "crash"] {
        let (mut frames, mut by_meta) = (0, 0);
        for path in files(kind) {
            let begun = Instant::now();
            let (mut harness, bus) = line(
                "ddrmjpegtables name=t ! jpegdec idct-method=islow \
                 ! ddrmjpeg name=d model=identity",
            );
            // What the decoder makes of it is the decoder's business.
            let _ = harness.push(gst::Buffer::from_slice(fs::read(&path).unwrap()));
            harness.push_event(gst::event::Eos::new());
            while harness.try_pull().is_some() {}
            // A hang; the decoder takes seconds for a file of 1.3 gigapixels, which ours refuse.
            let took = begun.elapsed();
            assert!(
                took < Duration::from_secs(60),
                "{}: {took:?}",
                path.display()
            );
            let bin = harness.element().unwrap().downcast::<gst::Bin>().unwrap();
            let ours = ["t", "d"].map(|name| bin.by_name(name).unwrap());
            while let Some(message) = bus.pop_filtered(&[gst::MessageType::Error]) {
                let from = message.src().map(|object| object.name());
                let own = ours.iter().any(|element| Some(element.name()) == from);
                assert!(!own, "{}: {message:?}", path.display());
            }
            frames += stat(&ours[1], "frames");
            by_meta += stat(&ours[1], "meta");
        }
        println!("{kind}: {frames} frames, {by_meta} by their meta");
        assert!(frames > 10 && by_meta > 5);
    }
}

/// The samples of the first component as the system's libjpeg-turbo decodes them, by `jpegdec`
/// with the exact transform; all three of an RGB file.
fn theirs(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut harness, _) = line("jpegdec idct-method=islow");
    harness.push(gst::Buffer::from_slice(bytes.to_vec())).ok()?;
    harness.push_event(gst::event::Eos::new());
    let buffer = harness.try_pull()?;
    let caps = harness.sinkpad()?.current_caps()?;
    let info = VideoInfo::from_caps(&caps).ok()?;
    let mut planes = Out { buffer, info }.planes();
    if planes.len() == 3 && !caps.to_string().contains("RGB") {
        planes.truncate(1);
    }
    Some(planes)
}

/// The same of our levels: every component of an RGB file, else the first.
fn ours(file: &jpeg::JpegFile) -> Vec<Vec<u8>> {
    let seen = jpeg::grid::from_file(file);
    let wanted = if file.model == PixelModel::Rgb { 3 } else { 1 };
    let planes = seen.components.iter().take(wanted).map(|component| {
        let rows = component.plane.chunks_exact(component.width());
        let rows = rows.take(file.height).flat_map(|row| &row[..file.width]);
        rows.map(|sample| (sample + 128.0).round() as u8).collect()
    });
    planes.collect()
}

/// Files that `jpegdec` does not decode, and why; this does, and `tests/corpus.rs` compares their
/// pixels with libjpeg's own. And one that it shows grey. There is none whose levels differ.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("jd_blank_800x280.jpg", GREY),
    ("jd_grayscale_16x24_sampling2x2.jpg", GREY),
    ("jd_grayscale_24x16_sampling2x2.jpg", GREY),
    ("zune_down_sampled_grayscale_prog.jpg", GREY),
    ("zune_weird_sampling_2.jpeg", "Cb sampled as luma, Cr half"),
    (
        "pil_ultrahdr.jpg",
        "cut off before its scan: there is no picture in it",
    ),
];
const GREY: &str = "grey with sampling factors of 2, which mean nothing there (T.81 A.2.2)";

/// Levels that differ by one move some of the 64 pixels by a level and more, wherever the step
/// is not 1 or 2; the exact transforms differ by rounding, one level at most. Damaged files are
/// left out: what is missing is made up by each decoder in its own way.
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_levels_are_those_of_libjpeg() {
    let (mut compared, mut apart) = (0, Vec::new());
    for path in files("odd") {
        let bytes = fs::read(&path).unwrap();
        let file = jpeg::read(&bytes, &Limits::default());
        // `jpegdec` does not decode four components.
        let left_out = |file: &jpeg::JpegFile| file.damage.is_some() || file.ink.is_some();
        if file.as_ref().is_ok_and(left_out) {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (theirs, file) = match (theirs(&bytes), file) {
            (Some(theirs), Ok(file)) => (theirs, file),
            (None, Err(_)) => continue,
            (theirs, file) => {
                let who = if theirs.is_some() { "jpegdec" } else { "this" };
                apart.push((name, format!("decoded by {who} alone {:?}", file.err())));
                continue;
            }
        };
        compared += 1;
        let ours = ours(&file);
        let most = ours.iter().flatten().zip(theirs.iter().flatten());
        let most = most.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(255);
        if ours.len() != theirs.len() || ours[0].len() != theirs[0].len() || most > 1 {
            apart.push((name, format!("up to {most} levels apart")));
        }
    }
    println!("{compared} compared; apart: {apart:#?}");
    let unknown = |(name, how): &&(String, String)| {
        !how.contains("alone") || EXCEPTIONS.iter().all(|(known, _)| known != name)
    };
    let unknown: Vec<_> = apart.iter().filter(unknown).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert_eq!(apart.len(), EXCEPTIONS.len(), "{EXCEPTIONS:?}");
    assert!(compared > 80, "{compared}");
}
