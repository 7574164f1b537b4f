//! Files from decoder test suites through the decoder: unusual ones, and ones that broke
//! decoders. DDRMJPEG_CORPUS names a folder with `odd/` and `crash/`.

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::decoder::Decoder;
use common::stat;

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
    // CMYK, and PNG in disguise: what the command refuses too.
    assert!(errors <= 8, "{errors} of {frames}");
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
