//! `ddrmjpeg eval`, the real binary, on small pictures and the prior that changes nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use image::{Rgb, RgbImage};
use serde_json::Value;

/// Waves and hard squares, 97 x 65 pixels: odd, and no multiple of a block.
fn picture(phase: f64) -> RgbImage {
    RgbImage::from_fn(97, 65, |x, y| {
        let wave = |c: f64| (f64::from(x) / 9.0 + phase).sin() + (f64::from(y) / 7.0 + c).cos();
        let square = f64::from(x / 6 % 2 * (y / 5 % 2)) * 40.0;
        Rgb([0.0, 1.0, 2.0].map(|c| (100.0 + 40.0 * wave(c) + square) as u8))
    })
}

/// A folder `clean` with two PNGs.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let clean = folder.path().join("clean");
    fs::create_dir(&clean).unwrap();
    picture(0.0).save(clean.join("a.png")).unwrap();
    picture(1.0).save(clean.join("b.png")).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
        .args(["eval", "clean", "--model", "identity"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary was built for this test")
}

/// The report of a run that does all it is asked for.
fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--save", "out.json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&fs::read(folder.join("out.json")).unwrap()).unwrap()
}

/// The mean PSNR of the JPEG after `chain`.
fn jpeg_psnr(report: &Value, chain: &str) -> f64 {
    let rows = report["rows"].as_array().unwrap();
    let found = rows
        .iter()
        .find(|row| row["chain"] == chain && row["method"] == "jpeg");
    found.unwrap()["mean"]["psnr"].as_f64().unwrap()
}

fn refused(arguments: &[&str], parts: &[&str]) {
    let folder = folder();
    let output = run(folder.path(), arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: {message}: {part:?}");
    }
}

/// Chains stand in place of the usual qualities, each with the JPEG's row and the method's. The
/// original is scaled and cut with the picture, so the last save at 90 stays comparable, and what
/// the first save took is in the figures.
#[test]
fn chains_are_rows_and_their_losses_add_up() {
    let folder = folder();
    let chains = [
        "jpeg:90:444",
        "jpeg:15:444,jpeg:90:444",
        "jpeg:90:444,scale:0.75,jpeg:90:444",
        "jpeg:90:444,shift:3,jpeg:90:444",
    ];
    let flags: Vec<&str> = chains.iter().flat_map(|chain| ["--chain", chain]).collect();
    let report = report(folder.path(), &flags);
    assert_eq!(report["rows"].as_array().unwrap().len(), 8, "{report}");
    let [once, twice, scaled, shifted] = chains.map(|chain| jpeg_psnr(&report, chain));
    assert!(once > 38.0 && once - twice > 4.0, "{once} {twice}");
    assert!(
        scaled > 34.0 && shifted > 34.0 && shifted < once,
        "{once} {scaled} {shifted}"
    );
}

/// The prior that changes nothing, at a strength of 0, gives the JPEG: no loss, no gain.
#[test]
fn the_table_counts_losses_and_names_the_worst() {
    let folder = folder();
    let output = run(
        folder.path(),
        &["--quality", "30", "--metrics", "psnr", "--strength", "0"],
    );
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    let head = "| quality | sampling | method | psnr | psnr gain | worst | worst picture | loses |";
    assert!(lines[0].starts_with(head), "{table}");
    assert!(
        lines[3].contains("| +0.000 | +0.000 | a.png | 0 |"),
        "{table}"
    );
}

/// Luma of 16..235 has 219 / 255 of the differences of 0..255: where both are quantised alike its
/// PSNR is higher. A rival that answers a grey JPEG in RGB is measured like any.
#[test]
fn grey_is_encoded_and_measured_as_one_plane() {
    let folder = folder();
    let kept = folder.path().join("kept.jpg");
    let shown = folder.path().join("shown.png");
    let rival = format!(
        "rgb=cp {{in}} '{}' && cp '{}' {{out}}",
        kept.display(),
        shown.display()
    );
    let plain = RgbImage::from_pixel(97, 65, Rgb([128; 3]));
    plain.save(&shown).unwrap();
    let all = ["--quality", "20", "--also", &rival];
    let studio = report(folder.path(), &[&all[..], &["--grey"]].concat());
    let kept = jpeg::segments::header::parse(&fs::read(kept).unwrap()).unwrap();
    assert_eq!(kept.model, PixelModel::Grey);
    assert_eq!(studio["rows"][0]["sampling"], "grey");
    assert_eq!(studio["rows"].as_array().unwrap().len(), 3, "{studio}");
    let full = report(
        folder.path(),
        &["--quality", "20", "--grey=full", "--metrics", "psnr"],
    );
    let gap = jpeg_psnr(&studio, "jpeg:20") - jpeg_psnr(&full, "jpeg:20");
    assert!((0.1..1.4).contains(&gap), "{gap}");
}

/// A JPEG, in colour or grey, may be a clean picture; --every takes each second one.
#[test]
fn clean_pictures_may_be_jpegs_and_some_be_left_out() {
    let folder = folder();
    let clean = picture(2.0);
    let colour = Planar8::from_rgb(97, 65, clean.as_raw());
    let grey = Planar8 {
        model: PixelModel::Grey,
        planes: colour.planes[..1].to_vec(),
        subsampling: (1, 1),
    };
    let write = |name: &str, picture: &Planar8| {
        let bytes = jpeg::encode(picture, 95, (1, 1)).unwrap();
        fs::write(folder.path().join("clean").join(name), bytes).unwrap();
    };
    write("c.jpg", &colour);
    write("d.JPEG", &grey);
    let flags = ["--quality", "20", "--metrics", "psnr"];
    let all = report(folder.path(), &flags);
    let names = serde_json::json!(["a.png", "b.png", "c.jpg", "d.JPEG"]);
    assert_eq!(all["pictures"], names);
    let some = report(folder.path(), &[&flags[..], &["--every", "2"]].concat());
    assert_eq!(some["pictures"], serde_json::json!(["a.png", "c.jpg"]));
    let each = |report: &Value, i: usize| report["rows"][0]["each"]["psnr"][i].clone();
    assert_eq!(each(&some, 1), each(&all, 2));
}

/// A rival whose answer cannot be measured has no row; the others keep theirs.
#[test]
fn an_answer_of_another_size_fails_its_method_alone() {
    let folder = folder();
    let small = image::imageops::crop_imm(&picture(0.0), 0, 0, 40, 40).to_image();
    small.save(folder.path().join("small.png")).unwrap();
    let path = folder.path().join("small.png");
    let rival = format!("small=cp '{}' {{out}}", path.display());
    let output = run(folder.path(), &["--quality", "20", "--also", &rival]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("small on a.png: bad input: 97 x 65 in 3 planes against 40 x 40"),
        "{message}"
    );
    let table = String::from_utf8_lossy(&output.stdout);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.contains("| 20 | 420 | fast |"), "{table}");
}

#[test]
fn a_wrong_chain_names_step_value_and_limit() {
    refused(
        &["--chain", "jpeg:20,scale:9,jpeg:90"],
        &["--chain", "step 2", "\"scale:9\"", "0.25..2"],
    );
    refused(
        &["--chain", "jpeg:200"],
        &["step 1", "\"jpeg:200\"", "1..100"],
    );
    refused(
        &["--chain", "jpeg:20,shift:4"],
        &["step 2", "shift:4", "last step must be jpeg"],
    );
    refused(
        &["--chain", "jpeg:20,crop:30,jpeg:90"],
        &["a.png", "crop:30", "37 x 5", "16..65500"],
    );
    refused(
        &["--chain", "jpeg:20", "--deg", "quant=4bit"],
        &["--chain", "quant=4bit"],
    );
    refused(&["--grey=ntsc"], &["ntsc", "studio", "full"]);
    refused(&["--grey", "--sampling", "444"], &["--grey", "--sampling"]);
    refused(&["--every", "0"], &["--every", "0"]);
}
