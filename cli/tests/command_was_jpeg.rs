//! `restore --was-jpeg` and JPEG out, by the real binary and the prior that changes nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary was built for this test")
}

fn example() -> Planar8 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pictures/coffee.png");
    let picture = image::open(path).unwrap().to_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Planar8::from_rgb(width, height, picture.as_raw())
}

fn save(picture: &Planar8, path: &Path) {
    assert_eq!(picture.model, PixelModel::Rgb);
    let size = (picture.width() as u32, picture.height() as u32);
    let pixels = picture.interleaved().unwrap();
    image::save_buffer(path, &pixels, size.0, size.1, image::ColorType::Rgb8).unwrap();
}

/// One picture that was a JPEG and one that was not: the first is done, the second a message.
#[test]
fn a_clean_picture_fails_and_the_batch_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let clean = example();
    let bytes = jpeg::encode(&clean, 60, (2, 2)).unwrap();
    let shown = jpeg::file::pixels::decode(&bytes, &Limits::default()).unwrap();
    save(&clean, &folder.path().join("clean.png"));
    save(
        &shown.without_margin((3, 6)),
        &folder.path().join("was.png"),
    );
    let arguments = "restore clean.png was.png -o out/ --was-jpeg --json --model identity";
    let output = run(&arguments.split(' ').collect::<Vec<_>>(), folder.path());
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines[0]["status"], "failed");
    assert!(
        lines[0]["error"]
            .as_str()
            .unwrap()
            .contains("show no quantisation tables")
    );
    assert_eq!(lines[1]["status"], "done");
    assert_eq!(lines[1]["estimated"]["quality"], 60);
    assert_eq!(lines[1]["estimated"]["offset"], serde_json::json!([5, 2]));
    assert_eq!(
        lines[1]["estimated"]["subsampling"],
        serde_json::json!([2, 2])
    );
    let out = image::open(folder.path().join("out/was.png")).unwrap();
    assert_eq!(
        (out.width() as usize, out.height() as usize),
        (clean.width() - 3, clean.height() - 6)
    );
}

#[test]
fn a_strict_jpeg_of_the_sources_tables_has_its_levels_and_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = jpeg::encode(&example(), 60, (2, 2)).unwrap();
    let metadata = jpeg::file::Metadata {
        exif: Some(b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()),
        density: Some(jpeg::file::Density {
            unit: jpeg::file::DensityUnit::Inch,
            x: 300,
            y: 300,
        }),
        ..jpeg::file::Metadata::default()
    };
    let bytes = jpeg::file::write::with_metadata(&bytes, &metadata);
    fs::write(folder.path().join("in.jpg"), &bytes).unwrap();
    let arguments = "restore in.jpg -o out.jpg --tables source --strict --model identity";
    let output = run(&arguments.split(' ').collect::<Vec<_>>(), folder.path());
    assert!(output.status.success(), "{output:?}");
    let read = |bytes: &[u8]| jpeg::read(bytes, &Limits::default()).unwrap();
    let (before, after) = (
        read(&bytes),
        read(&fs::read(folder.path().join("out.jpg")).unwrap()),
    );
    assert_eq!(before.components, after.components);
    assert_eq!(after.metadata, metadata);
}

/// The size that a picture once had as a JPEG follows from the tables that are found in it.
#[test]
fn a_picture_that_was_a_jpeg_is_written_by_the_size_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = jpeg::encode(&example(), 60, (2, 2)).unwrap();
    let shown = jpeg::file::pixels::decode(&bytes, &Limits::default()).unwrap();
    save(&shown, &folder.path().join("was.png"));
    let arguments = "restore was.png -o out.jpg --was-jpeg --model identity";
    let output = run(&arguments.split(' ').collect::<Vec<_>>(), folder.path());
    assert!(output.status.success(), "{output:?}");
    let written = fs::read(folder.path().join("out.jpg")).unwrap();
    let share = written.len() as f64 / bytes.len() as f64;
    assert!(share > 1.2 && share < 1.6, "{share} of the size");
}
