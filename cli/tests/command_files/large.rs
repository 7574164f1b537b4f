//! Pictures that are restored in strips: the same files as of the whole picture, none at all where
//! something goes wrong. A hidden flag says from how many pixels on.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use tempfile::TempDir;

use crate::formats::{exif, tagged};
use crate::{command, ends, errors, folder, restore, said, says, scene};

/// Strips of small pictures.
const STRIPS: &str = "--strips-from 1 --tile-size 64";

fn colour() -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Rgb, 150, 170), 60, (2, 2)).unwrap()
}

fn grey() -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Grey, 150, 170), 60, (1, 1)).unwrap()
}

/// A picture of the camera held upright, with much beside it.
fn upright() -> Vec<u8> {
    let metadata = Metadata {
        exif: Some(exif(6)),
        comments: vec![b"hello".to_vec()],
        ..Metadata::default()
    };
    tagged(&colour(), &metadata)
}

fn bytes(files: &TempDir, name: &str) -> Vec<u8> {
    fs::read(files.path().join(name)).unwrap()
}

fn names(files: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(files.path()).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(|e| name(e).into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_those_of_the_whole_picture() {
    let files = folder(&[
        ("colour.jpg", &colour()),
        ("grey.jpg", &grey()),
        ("upright.jpg", &upright()),
    ]);
    for input in ["colour", "grey", "upright"] {
        for (format, flags) in [
            ("ppm", ""),
            ("ppm", "--depth 16"),
            ("pnm", "--strict"),
            ("pam", ""),
            ("pfm", ""),
            ("rgb", ""),
            ("rgb", "--depth f32"),
            ("jpg", "--out-quality 90"),
            ("jpg", "--out-quality 90 --orient apply"),
        ] {
            let whole = restore(&format!("{input}.jpg -o whole.{format} {flags}"), &files);
            ends(&whole, 0);
            let line = format!("{input}.jpg -o strips.{format} {flags} {STRIPS}");
            let strips = restore(&line, &files);
            ends(&strips, 0);
            let same = bytes(&files, &format!("strips.{format}"))
                == bytes(&files, &format!("whole.{format}"));
            assert!(same, "{line}");
            assert_eq!(errors(&strips), errors(&whole));
        }
        // The reader knows no grey of f32.
        let deepest = match input {
            "grey" => "--depth 16",
            _ => "--depth f32",
        };
        for (format, flags) in [
            ("png", ""),
            ("png", "--depth 16"),
            ("png", "--orient keep"),
            ("tif", ""),
            ("tif", deepest),
            ("tif", "--depth 16 --orient keep"),
        ] {
            ends(
                &restore(&format!("{input}.jpg -o whole.{format} {flags}"), &files),
                0,
            );
            let line = format!("{input}.jpg -o strips.{format} {flags} {STRIPS}");
            ends(&restore(&line, &files), 0);
            let open = |name: &str| {
                let reader = image::ImageReader::open(files.path().join(name)).unwrap();
                let mut decoder = reader.into_decoder().unwrap();
                let exif = image::ImageDecoder::exif_metadata(&mut decoder).unwrap();
                (exif, image::DynamicImage::from_decoder(decoder).unwrap())
            };
            let same = open(&format!("strips.{format}")) == open(&format!("whole.{format}"));
            assert!(same, "{line}");
        }
    }
}

#[test]
fn standard_output_and_reports_are_the_same() {
    let files = folder(&[("a.jpg", &colour())]);
    let whole = restore("a.jpg -o - --format ppm", &files);
    let strips = restore(&format!("a.jpg -o - --format ppm {STRIPS}"), &files);
    ends(&strips, 0);
    assert!(strips.stdout == whole.stdout);
    let report = |flags: &str| {
        let output = restore(
            &format!("a.jpg -o a.png --overwrite --json {flags}"),
            &files,
        );
        let mut value: serde_json::Value = serde_json::from_str(&said(&output)).unwrap();
        value["seconds"] = 0.into();
        value["network_calls"] = 0.into();
        value
    };
    assert_eq!(report(STRIPS), report(""));
    let resumed = restore(&format!("a.jpg -o a.png --resume {STRIPS}"), &files);
    says(&resumed, 0, &["left out"]);
}

/// What needs the whole picture is restored as a whole.
#[test]
fn the_rest_is_not_changed() {
    let files = folder(&[("a.jpg", &colour())]);
    for (name, flags) in [
        ("a.webp", ""),
        ("a.y4m", ""),
        ("b.jpg", ""),
        ("c.jpg", "--tables source"),
        ("a.png", "--compare"),
        ("b.png", "--preset sample"),
        ("c.png", "--report page.html"),
    ] {
        let whole = restore(&format!("a.jpg -o {name} {flags}"), &files);
        ends(&whole, 0);
        let wanted = bytes(&files, name);
        fs::remove_file(files.path().join(name)).unwrap();
        ends(
            &restore(&format!("a.jpg -o {name} {flags} {STRIPS}"), &files),
            0,
        );
        assert!(bytes(&files, name) == wanted, "{name} {flags}");
    }
}

#[test]
fn damaged_files_and_limits_are_as_ever() {
    let whole = colour();
    let files = folder(&[("cut.jpg", &whole[..whole.len() * 2 / 3])]);
    let output = restore(&format!("cut.jpg -o cut.png {STRIPS}"), &files);
    says(&output, 0, &["damaged: "]);
    let output = restore(
        &format!("cut.jpg -o b.png --max-megapixels 0 {STRIPS}"),
        &files,
    );
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(names(&files), ["cut.jpg", "cut.png"]);
}

/// The disk is full when a part has been written.
#[test]
fn no_part_of_a_file_stays_when_the_disk_is_full() {
    let files = folder(&[("a.jpg", &colour())]);
    let line = format!("restore --model identity a.jpg -o a.ppm {STRIPS}");
    let whole = command(&line, files.path());
    let script = format!(
        "trap '' XFSZ; ulimit -f 40; exec {} {line}",
        whole.get_program().to_str().unwrap()
    );
    let mut shell = Command::new("bash");
    let shell = shell.args(["-c", &script]).current_dir(files.path());
    let output = shell.output().unwrap();
    says(
        &output,
        1,
        &["a.jpg: cannot write the result: a.ppm: File too large"],
    );
    assert_eq!(names(&files), ["a.jpg"]);
}

/// A signal comes while strips are written.
#[test]
fn no_part_of_a_file_stays_after_a_signal() {
    let large = scene(PixelModel::Rgb, 1500, 1200);
    let files = folder(&[("a.jpg", &jpeg::encode(&large, 60, (2, 2)).unwrap())]);
    let line =
        "restore --model nano --preset quality a.jpg -o a.ppm --strips-from 1 --tile-size 128";
    let mut child = command(line, files.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while names(&files).len() < 2 && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(names(&files).len(), 2);
    let kill = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(&files), ["a.jpg"]);
}
