//! The real binary: what it writes, what it says, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use tempfile::TempDir;

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary was built for this test")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn scene(width: usize, height: usize) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            *value = (60 + 20 * c + (x * 3 + y * y / 5) % 120) as u8;
        }
    }
    out
}

fn picture(quality: u8) -> Vec<u8> {
    jpeg::encode(&scene(70, 50), quality, (2, 2)).unwrap()
}

/// A JPEG whose frame header says that it is lossless.
fn lossless() -> Vec<u8> {
    let mut bytes = picture(30);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    bytes[frame.unwrap() + 1] = 0xC3;
    bytes
}

/// A folder with good and bad inputs.
fn mixed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let whole = picture(30);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("good.jpg", &whole);
    write("empty.jpg", b"");
    write("text.jpg", b"this is no picture");
    write("lossless.jpg", &lossless());
    write("cut.jpg", &whole[..whole.len() * 2 / 3]);
    folder
}

fn open(path: PathBuf) -> image::RgbImage {
    image::open(path).unwrap().into_rgb8()
}

#[test]
fn one_bad_file_never_ends_a_batch() {
    let folder = mixed();
    let inputs = [
        "good.jpg",
        "missing.jpg",
        "empty.jpg",
        "text.jpg",
        "lossless.jpg",
        "cut.jpg",
    ];
    let arguments = [&["restore"], &inputs[..], &["-o", "out/"]].concat();
    let output = run(&arguments, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    for words in [
        "missing.jpg: No such file",
        "empty.jpg: bad input: the file is empty",
        "text.jpg: bad input: not a JPEG file",
        "lossless.jpg: unsupported: JPEG: Unsupported JPEG process",
        "cut.jpg: damaged: Premature end",
        "4 of 6 inputs failed",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    for name in ["good.png", "cut.png"] {
        assert_eq!(
            open(folder.path().join("out").join(name)).dimensions(),
            (70, 50)
        );
    }
}

/// Inputs are read ahead and written behind, and lines come in the order of the inputs all the
/// same, those of failures among them. Sizes differ so that the stages take turns at being slow.
#[test]
fn lines_come_in_the_order_of_the_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [(400, 300), (8, 8), (16, 700), (9, 9), (333, 222), (64, 64)];
    let mut names = Vec::new();
    for (i, (width, height)) in sizes.into_iter().cycle().take(24).enumerate() {
        let name = format!("{i:02}.jpg");
        let bytes = match i % 5 {
            3 => b"this is no picture".to_vec(),
            _ => jpeg::encode(&scene(width, height), 40, (2, 2)).unwrap(),
        };
        fs::write(folder.path().join(&name), bytes).unwrap();
        names.push(name);
    }
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = ["-o", "out/", "--json", "--model", "identity"];
    let output = run(
        &[&["restore"], &inputs[..], &options].concat(),
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["input"].as_str())
        .collect();
    assert_eq!(said, inputs);
    for (i, line) in lines.iter().enumerate() {
        let status = if i % 5 == 3 { "failed" } else { "done" };
        assert_eq!(line["status"], status, "{line}");
    }
}

/// Rows that the damage did not reach are those of the whole file; the others are decoded.
#[test]
fn the_intact_rows_of_a_cut_file_are_restored() {
    let folder = mixed();
    let arguments = ["restore", "good.jpg", "cut.jpg", "-o", "out/", "--json"];
    let output = run(&arguments, folder.path());
    assert_eq!(output.status.code(), Some(0));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(lines.contains("rows restored"), "{lines}");
    let (good, cut) = (
        open(folder.path().join("out/good.png")),
        open(folder.path().join("out/cut.png")),
    );
    // The first row lies farther from the damage than the network's effective reach matters.
    let differ = (0..70).filter(|&x| {
        let (a, b) = (good.get_pixel(x, 0), cut.get_pixel(x, 0));
        a.0.iter().zip(&b.0).any(|(a, b)| a.abs_diff(*b) > 8)
    });
    assert!(differ.count() < 7);
}

#[test]
fn the_same_seed_writes_the_same_file_twice() {
    let folder = mixed();
    for name in ["a.png", "b.png"] {
        let arguments = [
            "restore", "good.jpg", "-o", name, "--preset", "sample", "--seed", "7",
        ];
        assert_eq!(run(&arguments, folder.path()).status.code(), Some(0));
    }
    let read = |name| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("a.png"), read("b.png"));
}

#[test]
fn strict_prints_the_share_that_re_encodes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.jpg"), picture(50)).unwrap();
    let arguments = [
        "restore", "a.jpg", "-o", "a.png", "--model", "identity", "--strict",
    ];
    let output = run(&arguments, folder.path());
    assert_eq!(output.status.code(), Some(0));
    let said = errors(&output);
    assert!(
        said.contains("100.000 % of the coefficients re-encode"),
        "{said}"
    );
}

#[test]
fn wrong_usage_is_status_2_and_names_the_value_and_the_limit() {
    let folder = mixed();
    let cases: [(&[&str], &str); 6] = [
        (
            &["restore", "good.jpg", "-o", "a.png", "--strength", "2"],
            "strength = 2: must be in 0..1",
        ),
        (
            &["restore", "good.jpg", "-o", "a.gif"],
            "a.gif: the extension must be one of",
        ),
        (
            &[
                "restore",
                "good.jpg",
                "-o",
                "a.png",
                "--model",
                "none.safetensors",
            ],
            "none.safetensors: No such file",
        ),
        (
            &["restore", "good.jpg", "-o", "a.png", "--model", "text.jpg"],
            "text.jpg: ",
        ),
        (
            &["restore", "good.jpg", "-o", "a.png", "--device", "tpu"],
            "must be auto, cpu, cuda",
        ),
        (&["restore", "good.jpg"], "--output"),
    ];
    for (arguments, words) in cases {
        let output = run(arguments, folder.path());
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains(words),
            "{arguments:?}: no {words:?} in {said}"
        );
    }
}

/// `lean` that was typed is not the default, which gives way to the config's own model.
#[test]
fn a_config_beside_a_built_in_model_is_refused() {
    let folder = mixed();
    let restore = |out: &str, more: &[&str]| {
        let arguments = ["restore", "good.jpg", "-o", out];
        run(&[&arguments, more].concat(), folder.path())
    };
    for name in ["lean", "nano", "identity"] {
        let refused = restore("a.png", &["--config", "nano.yml", "--model", name]);
        let text = errors(&refused);
        assert_eq!(refused.status.code(), Some(2), "{name}: {text}");
        let named = text.contains(&format!("{name:?}")) && text.contains("\"nano.yml\"");
        assert!(named && text.contains("built-in"), "{text}");
    }
    assert!(restore("a.png", &["--config", "nano.yml"]).status.success());
    assert!(restore("b.png", &["--model", "nano"]).status.success());
    let [a, b] = ["a.png", "b.png"].map(|name| open(folder.path().join(name)));
    assert_eq!(a, b);
}

#[test]
fn resume_leaves_what_is_done_alone() {
    let folder = mixed();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/good.png"), b"done before").unwrap();
    let arguments = ["restore", "good.jpg", "cut.jpg", "-o", "out/", "--resume"];
    assert_eq!(run(&arguments, folder.path()).status.code(), Some(0));
    assert_eq!(
        fs::read(folder.path().join("out/good.png")).unwrap(),
        b"done before"
    );
    assert_eq!(
        open(folder.path().join("out/cut.png")).dimensions(),
        (70, 50)
    );
}

#[test]
fn every_output_format_holds_the_same_pixels() {
    let folder = mixed();
    let names = ["a.png", "a.tif", "a.webp", "a.ppm"];
    for name in names {
        let output = run(&["restore", "good.jpg", "-o", name], folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    }
    let first = open(folder.path().join("a.png"));
    for name in names {
        assert_eq!(open(folder.path().join(name)), first, "{name}");
    }
}

#[test]
fn exif_and_icc_are_kept_and_stripped() {
    use image::ImageDecoder;
    let folder = tempfile::tempdir().unwrap();
    let plain = picture(40);
    let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0";
    let icc = b"ICC_PROFILE\0\x01\x01profile";
    let mut tagged = plain[..2].to_vec();
    for (code, data) in [(0xE1, &exif[..]), (0xE2, &icc[..])] {
        tagged.extend([0xFF, code, 0, data.len() as u8 + 2]);
        tagged.extend(data);
    }
    tagged.extend(&plain[2..]);
    fs::write(folder.path().join("a.jpg"), tagged).unwrap();
    let metadata = |flags: &[&str]| {
        let arguments = [
            &["restore", "a.jpg", "-o", "a.png", "--model", "identity"],
            flags,
        ];
        let output = run(&arguments.concat(), folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let file = fs::File::open(folder.path().join("a.png")).unwrap();
        let mut decoder =
            image::codecs::png::PngDecoder::new(std::io::BufReader::new(file)).unwrap();
        (
            decoder.exif_metadata().unwrap(),
            decoder.icc_profile().unwrap(),
        )
    };
    assert_eq!(
        metadata(&[]),
        (Some(exif[6..].to_vec()), Some(b"profile".to_vec()))
    );
    assert_eq!(metadata(&["--strip"]), (None, None));
}

#[test]
fn compare_puts_the_decoded_picture_on_the_left() {
    let folder = mixed();
    let write = |name: &str, flags: &[&str]| {
        let arguments = [&["restore", "good.jpg", "-o", name], flags].concat();
        assert_eq!(run(&arguments, folder.path()).status.code(), Some(0));
        open(folder.path().join(name))
    };
    let sheet = write("sheet.png", &["--compare"]);
    let halves = [write("a.png", &["--strength", "0"]), write("b.png", &[])];
    assert_eq!(sheet.dimensions(), (140, 50));
    for (x, y, pixel) in sheet.enumerate_pixels() {
        assert_eq!(pixel, halves[x as usize / 70].get_pixel(x % 70, y));
    }
}

#[test]
fn inspect_names_sampling_tables_and_quality() {
    let folder = mixed();
    let output = run(&["inspect", "good.jpg", "text.jpg"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["70 x 50", "YCbCr", "4:2:0", "baseline", "IJG quality 30"] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

/// A picture with as many levels as it takes to tell an earlier table.
#[test]
fn inspect_names_the_earlier_save() {
    let folder = tempfile::tempdir().unwrap();
    let once = jpeg::encode(&scene(320, 240), 20, (2, 2)).unwrap();
    let shown = jpeg::file::pixels::decode(&once, &ddrmjpeg::options::Limits::default()).unwrap();
    let twice = jpeg::encode(&shown, 90, (2, 2)).unwrap();
    fs::write(folder.path().join("once.jpg"), &once).unwrap();
    fs::write(folder.path().join("twice.jpg"), &twice).unwrap();
    let said = |arguments: &[&str]| {
        let output = run(arguments, folder.path());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = said(&["inspect", "twice.jpg"]);
    let words = "saved earlier at quality 20 (luma and chroma), then at 90";
    assert!(text.contains(words), "{text}");
    let json = said(&["inspect", "--json", "twice.jpg"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    for table in value["encoder"]["earlier_save"]["tables"]
        .as_array()
        .unwrap()
    {
        assert_eq!(
            (&table["family"], &table["quality"]),
            (&"libjpeg".into(), &20.into())
        );
    }
    let text = said(&["inspect", "once.jpg"]);
    assert!(text.contains("saved twice: no sign of it"), "{text}");
}

#[test]
fn compare_prints_decibels() {
    let folder = mixed();
    run(&["restore", "good.jpg", "-o", "a.png"], folder.path());
    let output = run(&["compare", "a.png", "a.png"], folder.path());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "inf dB  a.png\n");
}

/// A decoder's integers differ from the core's floats by a level here and there.
#[test]
fn compare_takes_the_jpeg_itself() {
    let folder = mixed();
    let decode = ["restore", "good.jpg", "--strength", "0", "-o", "plain.png"];
    run(&decode, folder.path());
    let output = run(&["compare", "plain.png", "good.jpg"], folder.path());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (decibels, name) = said.split_once(" dB  ").unwrap();
    assert!(decibels.parse::<f64>().unwrap() > 45.0, "{said}");
    assert_eq!(name, "good.jpg\n");
}
