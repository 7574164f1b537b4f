//! Files of any bytes through libjpeg: refused, or read, drawn, and written again as they were.

#![no_main]

use ddrmjpeg::jpeg::file::{pixels, read};
use ddrmjpeg::jpeg::segments::header;
use ddrmjpeg::jpeg::{self, JpegFile, grid};
use ddrmjpeg_fuzz::{all_finite, jpegs, limits};

/// What is read is drawn, and its header says the same of it.
fn consistent(file: &JpegFile, bytes: &[u8]) {
    let mut seen = grid::from_file(file);
    seen.draw();
    all_finite(&seen.decode());
    if let Some(shown) = seen.decode_shown() {
        all_finite(&shown);
    }
    if let Some(damage) = &file.damage {
        assert!(damage.rows().iter().all(|rows| rows.end <= file.height));
        let _ = damage.describe(file.height);
    }
    if let Ok(header) = header::parse(bytes) {
        assert_eq!((header.width, header.height), (file.width, file.height));
    }
}

/// What can be written is read again as it was.
fn written(file: &JpegFile) {
    let Ok(bytes) = jpeg::write_with(file, &file.metadata) else {
        return;
    };
    let again = jpeg::read(&bytes, &limits()).expect("what was written can be read");
    assert_eq!((again.width, again.height), (file.width, file.height));
    for (again, file) in again.components.iter().zip(&file.components) {
        assert_eq!(again.steps, file.steps);
        assert!(again.levels == file.levels, "levels changed");
    }
}

libfuzzer_sys::fuzz_target!(init: ddrmjpeg_fuzz::write_seeds(jpegs), |bytes: &[u8]| {
    let _ = read::metadata(bytes, &limits());
    let _ = pixels::decode(bytes, &limits());
    if let Ok(file) = jpeg::read(bytes, &limits()) {
        consistent(&file, bytes);
        written(&file);
    }
});
