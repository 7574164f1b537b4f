//! Output formats: what other programs read is what was meant, the right way up.

use std::fs;
use std::io::Cursor;

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::options::Limits;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageReader};
use tempfile::TempDir;

use crate::{colour, ends, errors, folder, restore, says, scene};

/// A block of EXIF that states an orientation, and the maker "me".
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut out = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    out.extend([0x01, 0x0F, 0, 2, 0, 0, 0, 3, b'm', b'e', 0, 0]);
    out.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    out.extend([0; 4]);
    out
}

/// A profile's header, for pixels of `space`; nothing here reads further.
fn profile(space: &[u8; 4]) -> Vec<u8> {
    let mut out = vec![0; 132];
    out[16..20].copy_from_slice(space);
    out
}

/// The profile in a file.
fn profile_of(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.starts_with(b"II") {
        let mut decoder = tiff::decoder::Decoder::new(Cursor::new(bytes)).unwrap();
        let tag = decoder.find_tag(tiff::tags::Tag::IccProfile).unwrap()?;
        return Some(tag.into_u8_vec().unwrap());
    }
    let reader = ImageReader::new(Cursor::new(bytes));
    let mut decoder = reader
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap();
    decoder.icc_profile().unwrap()
}

pub fn tagged(jpeg: &[u8], metadata: &Metadata) -> Vec<u8> {
    jpeg::file::write::with_metadata(jpeg, metadata)
}

fn grey() -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Grey, 70, 50), 50, (1, 1)).unwrap()
}

fn bytes(name: &str, files: &TempDir) -> Vec<u8> {
    fs::read(files.path().join(name)).unwrap()
}

fn open(name: &str, files: &TempDir) -> DynamicImage {
    image::open(files.path().join(name)).unwrap()
}

/// What a reader that looks at the orientation shows.
fn shown(name: &str, files: &TempDir) -> DynamicImage {
    let bytes = bytes(name, files);
    if bytes.starts_with(&[0xFF, 0xD8]) {
        let limits = Limits::default();
        let metadata = jpeg::file::read::metadata(&bytes, &limits).unwrap();
        let pixels = jpeg::file::pixels::decode(&bytes, &limits).unwrap();
        let size = (pixels.width() as u32, pixels.height() as u32);
        let rgb = pixels.interleaved().unwrap();
        let mut picture =
            DynamicImage::from(image::RgbImage::from_raw(size.0, size.1, rgb).unwrap());
        let exif = metadata.exif.unwrap_or_default();
        if let Some(turn) = Orientation::from_exif_chunk(&exif) {
            picture.apply_orientation(turn);
        }
        return picture;
    }
    let reader = ImageReader::new(Cursor::new(bytes));
    let mut decoder = reader
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap();
    let turn = decoder.orientation().unwrap();
    let mut picture = DynamicImage::from_decoder(decoder).unwrap();
    picture.apply_orientation(turn);
    picture
}

#[test]
fn ppm_and_pgm_are_p6_and_p5() {
    let files = folder(&[("colour.jpg", &colour(50)), ("grey.jpg", &grey())]);
    let cases = [
        ("colour.jpg", "a.ppm", "P6"),
        ("colour.jpg", "a.pnm", "P6"),
        ("colour.jpg", "a.pam", "P7"),
        ("grey.jpg", "b.ppm", "P6"),
        ("grey.jpg", "b.pgm", "P5"),
        ("grey.jpg", "b.pnm", "P5"),
        ("grey.jpg", "b.pam", "P7"),
    ];
    for (input, output, magic) in cases {
        ends(&restore(&format!("{input} -o {output}"), &files), 0);
        assert!(
            bytes(output, &files).starts_with(magic.as_bytes()),
            "{output}"
        );
        ends(&restore(&format!("{input} -o it.png"), &files), 0);
        assert_eq!(
            open(output, &files).to_rgb8(),
            open("it.png", &files).to_rgb8()
        );
    }
}

#[test]
fn a_picture_in_colour_does_not_become_grey_in_silence() {
    let files = folder(&[("a.jpg", &colour(50))]);
    let output = restore("a.jpg -o a.pgm", &files);
    says(
        &output,
        1,
        &["a.jpg: a picture in colour, and a PGM holds grey"],
    );
    assert!(!files.path().join("a.pgm").exists());
}

/// PNG allows no RGB profile on grey pixels; a WebP's are RGB whatever the picture.
#[test]
fn a_profile_for_other_pixels_is_left_out_with_a_note() {
    let icc = |space| Metadata {
        icc: Some(profile(space)),
        ..Metadata::default()
    };
    let files = folder(&[
        ("rgb.jpg", &tagged(&grey(), &icc(b"RGB "))),
        ("grey.jpg", &tagged(&grey(), &icc(b"GRAY"))),
    ]);
    let profile_in = |input: &str, output: &str| {
        let run = restore(&format!("{input} -o {output}"), &files);
        ends(&run, 0);
        let icc = profile_of(&bytes(output, &files));
        let noted = errors(&run).contains("the ICC profile is left out");
        assert_eq!(noted, icc.is_none(), "{}", errors(&run));
        icc.is_some()
    };
    for (output, rgb_stays) in [("a.png", false), ("a.tif", false), ("a.webp", true)] {
        assert_eq!(profile_in("rgb.jpg", output), rgb_stays, "{output}");
        assert_eq!(profile_in("grey.jpg", output), !rgb_stays, "{output}");
    }
}

/// The scene is wider than high and no two of its corners are alike.
#[test]
fn every_orientation_is_shown_upright_by_every_format() {
    for orientation in 1..=8 {
        let metadata = Metadata {
            exif: Some(exif(orientation)),
            ..Metadata::default()
        };
        let files = folder(&[("a.jpg", &tagged(&colour(90), &metadata))]);
        let input = shown("a.jpg", &files).to_rgb8();
        let flags = match orientation {
            6 => &["", "--strip", "--orient apply"][..],
            _ => &[""],
        };
        for output in ["a.png", "a.tif", "a.webp", "a.ppm", "out.jpg"] {
            for flag in flags {
                let line = format!("a.jpg -o {output} {flag}");
                ends(&restore(&line, &files), 0);
                let found = shown(output, &files).to_rgb8();
                assert_eq!(found.dimensions(), input.dimensions(), "{line}");
                let pairs = found.as_raw().iter().zip(input.as_raw());
                let off = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
                let mean = off as f64 / input.as_raw().len() as f64;
                // Another turn is tens of levels off; a JPEG again, two.
                assert!(mean < 6.0, "{orientation}, {line}: {mean}");
                // Readers that ignore the tag show the same, but for a JPEG's.
                if output != "out.jpg" {
                    assert_eq!(open(output, &files).to_rgb8(), found, "{line}");
                }
            }
        }
    }
}

#[test]
fn orient_keep_leaves_the_pixels_and_the_tag_where_there_is_one() {
    let metadata = Metadata {
        exif: Some(exif(6)),
        ..Metadata::default()
    };
    let files = folder(&[("a.jpg", &tagged(&colour(50), &metadata))]);
    for output in ["a.png", "a.tif", "a.webp"] {
        ends(
            &restore(&format!("a.jpg -o {output} --orient keep"), &files),
            0,
        );
        assert_eq!(open(output, &files).dimensions(), (70, 50), "{output}");
        assert_eq!(shown(output, &files).dimensions(), (50, 70), "{output}");
    }
    let output = restore("a.jpg -o a.ppm --orient keep", &files);
    says(&output, 0, &["a PPM cannot store the orientation (EXIF 6)"]);
}

#[test]
fn both_halves_of_a_sheet_are_turned() {
    let metadata = Metadata {
        exif: Some(exif(8)),
        ..Metadata::default()
    };
    let files = folder(&[("a.jpg", &tagged(&colour(50), &metadata))]);
    ends(&restore("a.jpg -o a.png --compare", &files), 0);
    assert_eq!(open("a.png", &files).dimensions(), (100, 70));
}
