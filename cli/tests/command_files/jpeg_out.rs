//! JPEG output: wherever it goes, and of a size that was asked for.

use std::fs;
use std::path::Path;

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;
use ddrmjpeg_lab::eval::metrics;
use tempfile::TempDir;

use crate::{colour, ends, errors, folder, restore, run, said, says};

fn is_jpeg(path: &Path) -> bool {
    fs::read(path).unwrap().starts_with(&[0xFF, 0xD8, 0xFF])
}

fn two() -> TempDir {
    folder(&[("in/a.jpg", &colour(40)), ("in/b.jpg", &colour(60))])
}

#[test]
fn jpeg_is_written_to_folders_and_standard_output_too() {
    for flag in [
        "--tables source",
        "--tables 90",
        "--out-quality auto",
        "--out-quality 70",
    ] {
        let files = two();
        for (number, line) in ["in", "in/a.jpg in/b.jpg", "in/a.jpg"].iter().enumerate() {
            ends(
                &restore(&format!("{line} -o out{number}/ {flag}"), &files),
                0,
            );
            let first = files.path().join(format!("out{number}/a.jpg"));
            assert!(is_jpeg(&first), "{flag}, {line}");
        }
        let output = restore(&format!("in/a.jpg -o - {flag}"), &files);
        ends(&output, 0);
        assert!(output.stdout.starts_with(&[0xFF, 0xD8, 0xFF]), "{flag}");
    }
}

#[test]
fn flags_of_jpeg_output_are_refused_where_they_would_do_nothing() {
    let files = two();
    let cases: [(&str, &[&str]); 7] = [
        ("--tables source -o a.png", &["a.png", "a PNG", "--tables"]),
        ("--out-quality 90 -o a.ppm", &["a.ppm", "--out-quality"]),
        (
            "--tables 90 --out-quality 90 -o a.jpg",
            &["cannot be used with"],
        ),
        ("--out-quality 0 -o a.jpg", &["auto or a quality of 1..100"]),
        ("--tables source --compare -o a.jpg", &["--compare"]),
        (
            "--tables source --orient apply -o a.jpg",
            &["--orient apply"],
        ),
        ("--tables source --was-jpeg -o a.jpg", &["not JPEG files"]),
    ];
    for (flags, words) in cases {
        says(&restore(&format!("in/a.jpg {flags}"), &files), 2, words);
    }
    let output = restore("in/a.jpg --deg quant=3bit -o a.jpg", &files);
    says(&output, 2, &["--out-quality auto"]);
}

/// Half as much again as the input, and nearer to the picture before any JPEG. (With the same size
/// it would be a little farther from it: the same levels would come again.)
#[test]
fn auto_is_a_better_jpeg_of_half_again_the_size() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pictures/coffee.png");
    let clean = image::open(path).unwrap().to_rgb8();
    let (width, height) = (clean.width() as usize, clean.height() as usize);
    let clean = Planar8::from_rgb(width, height, clean.as_raw());
    let limits = Limits::default();
    let psnr = |bytes: &[u8]| {
        let shown = jpeg::file::pixels::decode(bytes, &limits).unwrap();
        metrics::psnr(&clean, &shown).unwrap()
    };
    for quality in [20, 75] {
        let before = jpeg::encode(&clean, quality, (2, 2)).unwrap();
        let files = folder(&[("a.jpg", &before)]);
        let output = run("restore a.jpg -o b.jpg --json", &files);
        ends(&output, 0);
        let json: serde_json::Value = serde_json::from_str(&said(&output)).unwrap();
        assert!(json["out_quality"].as_u64().is_some(), "{json}");
        let after = fs::read(files.path().join("b.jpg")).unwrap();
        let share = after.len() as f64 / before.len() as f64;
        assert!(
            share > 1.2 && share < 1.51,
            "{quality}: {share} of the size"
        );
        let gain = psnr(&after) - psnr(&before);
        assert!(gain > 0.3, "{quality}: {gain} dB");
    }
}

#[test]
fn auto_goes_by_the_picture_alone() {
    let plain = colour(40);
    let long = jpeg::file::Metadata {
        comments: vec![vec![b'x'; 60_000]],
        ..jpeg::file::Metadata::default()
    };
    let files = folder(&[("a.jpg", &jpeg::file::write::with_metadata(&plain, &long))]);
    ends(&restore("a.jpg -o b.jpg --strip", &files), 0);
    let size = fs::read(files.path().join("b.jpg")).unwrap().len();
    assert!(2 * size <= 3 * plain.len(), "{size} of {}", plain.len());
}

#[test]
fn a_sheet_of_two_goes_to_jpeg_too() {
    let files = two();
    let output = restore("in/a.jpg -o a.jpg --compare", &files);
    ends(&output, 0);
    let bytes = fs::read(files.path().join("a.jpg")).unwrap();
    let read = jpeg::read(&bytes, &Limits::default()).unwrap();
    assert_eq!((read.width, read.height), (140, 50), "{}", errors(&output));
}
