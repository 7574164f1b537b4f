//! Odd and broken inputs from public bug reports of cameras, scanners, editors and decoders, each
//! made by hand. `docs/measurements/reports.md` names the reports.

mod coder;
mod colours;
mod headers;
mod heights;
mod metadata;
mod restarts;
mod samplings;
mod scans;
mod streams;
mod surgery;
mod tables;
mod tails;

use ddrmjpeg::contract::Control;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::Levels;
use ddrmjpeg::restore::Restored;
use ddrmjpeg::{ModelOptions, RestoreOptions, Restorer};

fn read(bytes: &[u8]) -> JpegFile {
    jpeg::read(bytes, &RestoreOptions::default().limits).unwrap()
}

fn restore(bytes: &[u8], strength: f64) -> Restored {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default().with_strength(strength);
    core.restore_jpeg(bytes, &options, Control::default())
        .unwrap()
}

/// Every component but black has these levels, and all of the picture is restored.
fn assert_whole(kind: &str, bytes: &[u8], levels: &[Vec<Levels>]) {
    let file = read(bytes);
    assert_eq!(file.components.len(), levels.len().min(3), "{kind}");
    for (component, wanted) in file.components.iter().zip(levels) {
        assert!(component.levels == *wanted, "{kind}: levels");
    }
    let harmless = file.damage.is_none_or(|damage| damage.is_empty());
    assert!(harmless, "{kind}: called damaged");
    let report = restore(bytes, 1.0).report;
    assert!(report.restored, "{kind}: {:?}", report.notes);
}

/// The unrestored picture is what libjpeg shows, but for roundings and the smoothing of chroma.
fn assert_shown_as_by_libjpeg(kind: &str, bytes: &[u8]) {
    let shown = restore(bytes, 0.0).frame.interleaved().unwrap();
    let limits = RestoreOptions::default().limits;
    let wanted = jpeg::file::pixels::decode(bytes, &limits).unwrap();
    let wanted = wanted.interleaved().unwrap();
    let grey = wanted.len() / shown.len();
    let apart = |(i, byte): (usize, &u8)| f64::from(byte.abs_diff(wanted[i * grey]));
    let mean = shown.iter().enumerate().map(apart).sum::<f64>() / shown.len() as f64;
    assert!(mean < 2.5, "{kind}: {mean} apart");
}

/// It is refused in words that hold all of these.
fn assert_refused(kind: &str, bytes: &[u8], words: &[&str]) {
    let error = jpeg::read(bytes, &RestoreOptions::default().limits).expect_err(kind);
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "{kind}: {said}");
    }
}
