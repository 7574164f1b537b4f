//! `ddrmjpeg restore --deg quant=Nbit`, the real binary, on banded pictures.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{DynamicImage, ImageBuffer, Rgb, RgbImage};

/// 80 x 56 pixels of slow waves, which banding shows in.
fn clean() -> RgbImage {
    RgbImage::from_fn(80, 56, |x, y| {
        let wave = |c: u32| {
            let phase = (x + 2 * y * (c + 1)) as f32 * 0.02 + c as f32;
            (128.0 + 100.0 * phase.sin()) as u8
        };
        Rgb([wave(0), wave(1), wave(2)])
    })
}

/// What is left of `picture` when `bits` per channel are kept.
fn banded(picture: &RgbImage, bits: u8) -> RgbImage {
    let step = 1u8 << (8 - bits);
    let mut out = picture.clone();
    for byte in out.iter_mut() {
        *byte = *byte / step * step;
    }
    out
}

fn run(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the binary was built for this test")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.as_raw().len() as f64 / sum).log10()
}

/// The levels stay, and the picture comes nearer than any showing of the levels: their best,
/// the centres, is 10 log10(4) = 6 dB above the floors.
#[test]
fn a_banded_picture_becomes_smooth_and_keeps_its_levels() {
    let folder = tempfile::tempdir().unwrap();
    for bits in [2, 3, 4] {
        let seen = banded(&clean(), bits);
        seen.save(folder.path().join("in.png")).unwrap();
        let arguments = format!("restore --deg quant={bits}bit in.png -o out.png");
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{}", errors(&output));
        let restored = image::open(folder.path().join("out.png")).unwrap();
        let restored = restored.to_rgb8();
        assert_eq!(banded(&restored, bits), seen);
        let (before, after) = (psnr(&clean(), &seen), psnr(&clean(), &restored));
        assert!(after > before + 6.1, "{bits} bits: {before} to {after} dB");
    }
}

#[test]
fn a_folder_of_other_pictures_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("in");
    std::fs::create_dir(&inputs).unwrap();
    let seen = banded(&clean(), 3);
    seen.save(inputs.join("a.png")).unwrap();
    DynamicImage::from(seen)
        .to_luma8()
        .save(inputs.join("b.tif"))
        .unwrap();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::new(20, 20);
    deep.save(inputs.join("c.png")).unwrap();
    std::fs::write(inputs.join("d.jpg"), b"left out").unwrap();
    let output = run(folder.path(), "restore --degradation quant=3bit in -o out");
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(
        errors(&output).contains("c.png: 16 bits per channel"),
        "{}",
        errors(&output)
    );
    let out = |name: &str| -> PathBuf { folder.path().join("out").join(name) };
    assert!(out("a.png").exists() && !out("c.png").exists() && !out("d.png").exists());
    let grey = image::open(out("b.png")).unwrap();
    assert!(!grey.color().has_color());
}

#[test]
fn a_wrong_degradation_is_refused_with_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), "restore --deg quant=9bit in.png -o out.png");
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("N in 2..8"), "{}", errors(&output));
}
