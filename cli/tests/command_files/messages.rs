//! Messages name what is wrong, and the flag that was typed.

use std::io::Cursor;

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg::file::write::encode_with;
use ddrmjpeg::jpeg::grid::tables::{BASE_CHROMA, BASE_LUMA};
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};

use crate::{colour, ends, errors, folder, restore, run, said, says, scene};

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = picture.into();
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn the_flag_that_was_typed_is_the_one_that_is_named() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::new(20, 20);
    let files = folder(&[("deep.png", &png(deep)), ("a.jpg", &colour(30))]);
    let flags = [
        ("--was-jpeg", "--was-jpeg", "--degradation"),
        (
            "--degradation quant=3bit",
            "--degradation quant",
            "--was-jpeg",
        ),
    ];
    for (flag, named, other) in flags {
        for (input, what) in [
            ("deep.png", "16 bits per channel"),
            ("a.jpg", "a JPEG file"),
        ] {
            let output = restore(&format!("{flag} {input} -o out.png"), &files);
            says(&output, 1, &[what, named]);
            assert!(!errors(&output).contains(other), "{}", errors(&output));
        }
    }
}

#[test]
fn a_png_that_is_no_jpeg_is_told_of_the_flag_for_it() {
    let files = folder(&[("a.png", &png(image::GrayImage::new(20, 20)))]);
    let output = restore("a.png -o out.png", &files);
    says(&output, 1, &["a.png: a PNG file, not a JPEG", "--was-jpeg"]);
}

/// `cjpeg -quality 20` writes steps of 16 bits, up to 250 % of 121.
#[test]
fn tables_with_steps_over_255_are_libjpegs() {
    let table = |base: [u16; 64]| base.map(|step| (step * 250 + 50) / 100);
    let (luma, chroma) = (table(BASE_LUMA), table(BASE_CHROMA));
    assert!(luma.iter().any(|&step| step > 255));
    let picture = scene(PixelModel::Rgb, 70, 50);
    let bytes = encode_with(&picture, &[luma, chroma, chroma], (2, 2)).unwrap();
    let files = folder(&[("a.jpg", &bytes)]);
    let output = run("inspect a.jpg", &files);
    ends(&output, 0);
    let said = said(&output);
    assert!(said.contains("encoder: libjpeg"), "{said}");
    assert!(said.contains("table: IJG quality 20"), "{said}");
}
