//! AVIF and JPEG XL: what is in the files, and that other programs show it.

use std::fs;
use std::process::{Command, Stdio};

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use image::DynamicImage;
use tempfile::TempDir;

use crate::formats::{exif, tagged};
use crate::{colour, ends, errors, folder, restore, says, scene};

const XMP: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
    xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>";

/// A profile that decoders accept: the primaries of Adobe RGB and a power of 2.2, or grey.
fn profile(space: &[u8; 4]) -> Vec<u8> {
    let xyz = |values: [u32; 3]| {
        let numbers = values.iter().flat_map(|value| value.to_be_bytes());
        b"XYZ \0\0\0\0"
            .iter()
            .copied()
            .chain(numbers)
            .collect::<Vec<u8>>()
    };
    let curve = b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec();
    let mut tags = vec![(b"wtpt", xyz([63190, 65536, 54061]))];
    match space {
        b"GRAY" => tags.push((b"kTRC", curve)),
        _ => {
            tags.push((b"rXYZ", xyz([39960, 20389, 1276])));
            tags.push((b"gXYZ", xyz([13453, 41008, 3990])));
            tags.push((b"bXYZ", xyz([9777, 4139, 48796])));
            tags.extend([b"rTRC", b"gTRC", b"bTRC"].map(|name| (name, curve.clone())));
        }
    }
    let mut out = vec![0; 128];
    out[8] = 2;
    out[12..16].copy_from_slice(b"mntr");
    out[16..20].copy_from_slice(space);
    out[20..24].copy_from_slice(b"XYZ ");
    out[36..40].copy_from_slice(b"acsp");
    out[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
    out.extend((tags.len() as u32).to_be_bytes());
    let mut place = out.len() + 12 * tags.len();
    for (name, data) in &tags {
        out.extend(*name);
        out.extend(
            [place as u32, data.len() as u32]
                .map(u32::to_be_bytes)
                .as_flattened(),
        );
        place += data.len();
    }
    tags.iter().for_each(|(_, data)| out.extend(data));
    let size = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&size);
    out
}

fn grey() -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Grey, 70, 50), 50, (1, 1)).unwrap()
}

/// `jpeg` with EXIF, a profile and XMP.
fn with_all(jpeg: &[u8], orientation: u8, space: &[u8; 4]) -> Vec<u8> {
    let metadata = Metadata {
        exif: Some(exif(orientation)),
        icc: Some(profile(space)),
        xmp: Some(XMP.to_vec()),
        ..Metadata::default()
    };
    tagged(jpeg, &metadata)
}

fn read(name: &str, files: &TempDir) -> Vec<u8> {
    fs::read(files.path().join(name)).unwrap()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn metadata_is_in_the_file_and_what_has_no_place_is_named() {
    let metadata = Metadata {
        comments: vec![b"hello".to_vec()],
        ..Metadata::default()
    };
    let jpeg = tagged(&with_all(&colour(50), 1, b"RGB "), &metadata);
    let files = folder(&[("a.jpg", &jpeg), ("bare.jpg", &colour(50))]);
    for output in ["a.avif", "a.jxl"] {
        let run = restore(&format!("a.jpg -o {output}"), &files);
        says(&run, 0, &["not kept in a", "a comment"]);
        assert!(!errors(&run).contains("EXIF"), "{}", errors(&run));
        let bytes = read(output, &files);
        assert!(has(&bytes, &exif(1)) && has(&bytes, XMP), "{output}");
        // That of a JPEG XL is inside its header: `other_programs_read` looks there.
        assert_eq!(
            has(&bytes, &profile(b"RGB ")),
            output == "a.avif",
            "{output}"
        );
        for line in ["a.jpg --strip", "bare.jpg"] {
            ends(&restore(&format!("{line} -o {output}"), &files), 0);
            let bytes = read(output, &files);
            assert!(
                !has(&bytes, b"Exif") && !has(&bytes, b"mntrRGB"),
                "{output}"
            );
        }
        let format = output.rsplit('.').next().unwrap();
        let piped = restore(&format!("bare.jpg -o - --format {format}"), &files);
        ends(&piped, 0);
        assert!(piped.stdout == read(output, &files), "{output}");
    }
}

#[test]
fn avif_has_a_quality_and_jpeg_xl_none() {
    let files = folder(&[("a.jpg", &colour(50))]);
    let size = |flags: &str| {
        ends(&restore(&format!("a.jpg -o a.avif {flags}"), &files), 0);
        read("a.avif", &files).len()
    };
    let sizes = ["20", "70", "100"].map(|quality| size(&format!("--out-quality {quality}")));
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    assert_eq!(size(""), size("--out-quality 90"));
    assert_eq!(size(""), size("--out-quality auto"));
    let cases: [(&str, &[&str]); 4] = [
        (
            "a.jpg -o a.jxl --out-quality 90",
            &["JPEG and AVIF", "JPEG XL"],
        ),
        (
            "a.jpg -o a.avif --tables 90",
            &["--tables is for JPEG", "AVIF"],
        ),
        ("a.jpg -o a.avif --depth f32", &["AVIF cannot have f32"]),
        ("a.jpg -o a.jxl --depth f32", &["JPEG XL cannot have f32"]),
    ];
    for (line, words) in cases {
        says(&restore(line, &files), 2, words);
    }
}

#[test]
fn a_single_row_is_an_avif_and_no_jpeg_xl() {
    let row = jpeg::encode(&scene(PixelModel::Rgb, 9, 1), 90, (1, 1)).unwrap();
    let files = folder(&[("a.jpg", &row)]);
    ends(&restore("a.jpg -o a.avif", &files), 0);
    says(
        &restore("a.jpg -o a.jxl", &files),
        1,
        &["9x1 pixels", "2x2"],
    );
}

/// The file as another program shows it.
fn decoded(name: &str, files: &TempDir) -> DynamicImage {
    let (program, flag) = match name.ends_with("avif") {
        // It writes grey as RGB, for which PNG has no grey profile.
        true => ("avifdec", "--ignore-icc"),
        false => ("djxl", "--orig_icc_out=icc"),
    };
    let mut command = Command::new(program);
    command.args([flag, name, "decoded.png"]);
    command.current_dir(files.path()).stdin(Stdio::null());
    let output = command.output().expect(program);
    ends(&output, 0);
    image::open(files.path().join("decoded.png")).unwrap()
}

/// What `program` says of the file.
fn info(program: &str, flag: &str, name: &str, files: &TempDir) -> String {
    let output = Command::new(program)
        .args([flag, name])
        .current_dir(files.path())
        .output();
    let output = output.expect(program);
    ends(&output, 0);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn psnr(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let (a, b) = (a.to_rgb32f().into_raw(), b.to_rgb32f().into_raw());
    assert_eq!(a.len(), b.len());
    let sum: f64 = a
        .iter()
        .zip(&b)
        .map(|(a, b)| f64::from(a - b).powi(2))
        .sum();
    -10.0 * (sum / a.len() as f64).log10()
}

#[test]
#[ignore = "needs avifdec and djxl: Debian's libavif-bin and libjxl-tools"]
fn other_programs_read_avif_and_jpeg_xl() {
    let large = jpeg::encode(&scene(PixelModel::Rgb, 610, 333), 50, (2, 2)).unwrap();
    let files = folder(&[
        ("colour.jpg", &with_all(&colour(50), 1, b"RGB ")),
        ("grey.jpg", &with_all(&grey(), 1, b"GRAY")),
        ("bare.jpg", &colour(50)),
        ("bare_grey.jpg", &grey()),
        ("large.jpg", &large),
    ]);
    for input in ["colour", "grey", "bare", "bare_grey", "large"] {
        for depth in ["8", "16"] {
            let line = |output: &str| format!("{input}.jpg -o {output} --depth {depth}");
            for output in ["a.png", "a.avif", "a.jxl"] {
                ends(&restore(&line(output), &files), 0);
            }
            let wanted = image::open(files.path().join("a.png")).unwrap();
            let exact = decoded("a.jxl", &files);
            assert_eq!(exact.color(), wanted.color(), "{}", line("a.jxl"));
            assert!(exact == wanted, "{}", line("a.jxl"));
            let space: &[u8; 4] = if wanted.color().has_color() {
                b"RGB "
            } else {
                b"GRAY"
            };
            if ["colour", "grey"].contains(&input) {
                assert!(read("icc", &files) == profile(space), "{}", line("a.jxl"));
            }
            // Eight bits and a quality of 90: what was measured is 46 at least.
            let near = psnr(&decoded("a.avif", &files), &wanted);
            assert!(near > 42.0, "{}: {near}", line("a.avif"));
            let said = info("avifdec", "--info", "a.avif", &files);
            let bits = if depth == "8" {
                "Bit Depth      : 8"
            } else {
                "Bit Depth      : 10"
            };
            assert!(said.contains(bits), "{said}");
        }
    }
}

/// Turned pixels, or the tag of each format; EXIF is nothing to go by in either.
#[test]
#[ignore = "needs avifdec and djxl: Debian's libavif-bin and libjxl-tools"]
fn other_programs_turn_avif_and_jpeg_xl_as_a_png() {
    for orientation in 1..=8 {
        let files = folder(&[("a.jpg", &with_all(&colour(50), orientation, b"RGB "))]);
        ends(&restore("a.jpg -o a.png", &files), 0);
        let wanted = image::open(files.path().join("a.png")).unwrap();
        for flags in ["", "--orient keep", "--orient keep --strip"] {
            for output in ["a.jxl", "a.avif"] {
                ends(&restore(&format!("a.jpg -o {output} {flags}"), &files), 0);
            }
            assert!(decoded("a.jxl", &files) == wanted, "{orientation} {flags}");
        }
        let said = info("avifdec", "--info", "a.avif", &files);
        let says_turn = said.contains("irot (Rotation)") || said.contains("imir (Mirror)");
        assert_eq!(says_turn, orientation != 1, "{said}");
    }
}
