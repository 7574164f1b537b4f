//! What a file carries beside its picture: kept where the format has a place, else named.

use std::fs;

use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::{Density, DensityUnit, Metadata};
use ddrmjpeg::options::Limits;
use image::{ImageDecoder, ImageReader};
use tempfile::TempDir;

use crate::formats::{exif, tagged};
use crate::{colour, ends, errors, folder, restore, run, said, says};

const XMP: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"/></rdf:RDF></x:xmpmeta>"#;
const GAIN_MAP_XMP: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:dc="http://purl.org/dc/elements/1.1/" hdrgm:Version="1.0" dc:format="image/jpeg"><C:Directory><rdf:Seq/></C:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"#;

fn density(unit: DensityUnit, x: u16, y: u16) -> Option<Density> {
    Some(Density { unit, x, y })
}

/// An IPTC block with a caption, among Photoshop's resources.
fn iptc() -> Vec<u8> {
    b"8BIM\x04\x04\0\0\0\0\0\x0A\x1C\x02\x78\0\x05hello".to_vec()
}

/// Longer than one marker, and for RGB.
fn profile() -> Vec<u8> {
    let mut out: Vec<u8> = (0..70_000u64).map(|i| ((i * i) >> 7) as u8).collect();
    out[16..20].copy_from_slice(b"RGB ");
    out
}

fn everything() -> Metadata {
    Metadata {
        exif: Some(exif(1)),
        icc: Some(profile()),
        xmp: Some(XMP.into()),
        extended_xmp: vec![b"0123456789abcdef0123456789abcdef\0\0\0\x05\0\0\0\0hello".to_vec()],
        photoshop: Some(iptc()),
        comments: vec![b"one".to_vec(), "zw\u{f6}lf".into(), "\u{4e09}".into()],
        density: density(DensityUnit::Inch, 300, 150),
        others: Vec::new(),
    }
}

fn metadata(name: &str, files: &TempDir) -> Metadata {
    let bytes = fs::read(files.path().join(name)).unwrap();
    jpeg::file::read::metadata(&bytes, &Limits::default()).unwrap()
}

#[test]
fn jpeg_to_jpeg_keeps_everything() {
    let files = folder(&[("a.jpg", &tagged(&colour(50), &everything()))]);
    assert_eq!(metadata("a.jpg", &files), everything());
    for flag in ["--tables source", "--tables 80", "--out-quality auto", ""] {
        let output = restore(&format!("a.jpg -o b.jpg {flag}"), &files);
        ends(&output, 0);
        assert_eq!(errors(&output), "", "{flag}");
        assert_eq!(metadata("b.jpg", &files), everything(), "{flag}");
    }
    ends(&restore("a.jpg -o c.jpg --strip", &files), 0);
    let plain = density(DensityUnit::Ratio, 1, 1);
    let stripped = Metadata {
        density: plain,
        ..Metadata::default()
    };
    assert_eq!(metadata("c.jpg", &files), stripped);
}

/// The longest block that an APP1 holds beside its name.
#[test]
fn exif_of_the_greatest_length_comes_through() {
    for length in [65_001, 65_527] {
        let mut block = exif(1);
        block.resize(length, 9);
        let long = Metadata {
            exif: Some(block),
            ..Metadata::default()
        };
        // Written here, not by the code under test.
        let plain = colour(50);
        let size = (length as u16 + 8).to_be_bytes();
        let head = [&plain[..2], &[0xFF, 0xE1], &size, b"Exif\0\0"].concat();
        let whole = [&head[..], long.exif.as_ref().unwrap(), &plain[2..]].concat();
        let files = folder(&[("a.jpg", &whole)]);
        ends(&restore("a.jpg -o b.jpg --tables source", &files), 0);
        assert_eq!(metadata("b.jpg", &files).exif, long.exif, "{length}");
    }
}

/// Two pieces, numbered 0 and 1 of 2, as some writers do.
#[test]
fn a_profile_whose_pieces_begin_with_0_is_read() {
    let plain = colour(50);
    let mut whole = plain[..2].to_vec();
    for (number, byte) in [(0, b'a'), (1, b'b')] {
        whole.extend([0xFF, 0xE2, 0, 19]);
        whole.extend(b"ICC_PROFILE\0");
        whole.extend([number, 2, byte, byte, byte]);
    }
    whole.extend(&plain[2..]);
    let files = folder(&[("a.jpg", &whole)]);
    ends(&restore("a.jpg -o a.png", &files), 0);
    let reader = ImageReader::open(files.path().join("a.png")).unwrap();
    let icc = reader.into_decoder().unwrap().icc_profile().unwrap();
    assert_eq!(icc.as_deref(), Some(&b"aaabbb"[..]));
}

#[test]
fn a_png_has_xmp_density_and_comments() {
    let files = folder(&[("a.jpg", &tagged(&colour(50), &everything()))]);
    let output = restore("a.jpg -o a.png", &files);
    says(&output, 0, &["not kept in a PNG: extended XMP, IPTC"]);
    let file = fs::File::open(files.path().join("a.png")).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file));
    let reader = reader.read_info().unwrap();
    let info = reader.info();
    assert_eq!(info.exif_metadata.as_deref(), Some(&exif(1)[..]));
    assert_eq!(info.icc_profile.as_deref(), Some(&profile()[..]));
    let dims = info.pixel_dims.unwrap();
    assert_eq!((dims.xppu, dims.yppu), (11_811, 5_906));
    let latin: Vec<_> = info
        .uncompressed_latin1_text
        .iter()
        .map(|it| &it.text)
        .collect();
    assert_eq!(latin, ["one", "zw\u{f6}lf"]);
    let international = |keyword: &str| {
        let mut found = info.utf8_text.iter().filter(|it| it.keyword == keyword);
        found.next().unwrap().get_text().unwrap()
    };
    assert_eq!(international("XML:com.adobe.xmp"), XMP);
    assert_eq!(international("Comment"), "\u{4e09}");
}

#[test]
fn tiff_and_webp_have_what_they_can_hold() {
    let files = folder(&[("a.jpg", &tagged(&colour(50), &everything()))]);
    let output = restore("a.jpg -o a.tif", &files);
    says(
        &output,
        0,
        &["not kept in a TIFF: EXIF, extended XMP, 2 comments"],
    );
    let file = fs::File::open(files.path().join("a.tif")).unwrap();
    let mut tiff = tiff::decoder::Decoder::new(file).unwrap();
    let mut tag = |number| {
        tiff.get_tag_u8_vec(tiff::tags::Tag::Unknown(number))
            .unwrap()
    };
    assert_eq!(tag(700), XMP.as_bytes());
    assert_eq!(tag(34377), iptc());
    assert_eq!(tag(34675), profile());
    let resolution = tiff.get_tag(tiff::tags::Tag::XResolution).unwrap();
    assert_eq!(format!("{resolution:?}"), "Rational(300, 1)");
    let description = tiff.get_tag(tiff::tags::Tag::ImageDescription).unwrap();
    assert_eq!(description.into_string().unwrap(), "one");
    let output = restore("a.jpg -o a.webp", &files);
    let lost = "not kept in a WebP: extended XMP, IPTC, 3 comments, the density of 300 x 150 dpi";
    says(&output, 0, &[lost]);
    let reader = ImageReader::open(files.path().join("a.webp")).unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    assert_eq!(
        decoder.xmp_metadata().unwrap().as_deref(),
        Some(XMP.as_bytes())
    );
    assert_eq!(decoder.exif_metadata().unwrap(), Some(exif(1)));
    let output = restore("a.jpg -o a.ppm", &files);
    says(
        &output,
        0,
        &["not kept in a PPM: EXIF, the ICC profile, XMP"],
    );
    let output = restore("a.jpg -o a.ppm --strip", &files);
    assert_eq!(errors(&output), "");
}

/// An Ultra HDR file: the index of its pictures, XMP that lists them, and the gain map behind.
fn ultra_hdr() -> Vec<u8> {
    let first = Metadata {
        xmp: Some(GAIN_MAP_XMP.into()),
        ..Metadata::default()
    };
    let map = Metadata {
        xmp: Some(GAIN_MAP_XMP.into()),
        ..Metadata::default()
    };
    let picture = tagged(&colour(50), &first);
    let index = [&[0xFF, 0xE2, 0, 14][..], b"MPF\0II*\0\x08\0\0\0"].concat();
    let map = tagged(&colour(30), &map);
    [&picture[..2], &index, &picture[2..], &map].concat()
}

#[test]
fn a_gain_map_is_let_go_with_all_that_points_to_it() {
    let files = folder(&[("a.jpg", &ultra_hdr())]);
    for out in ["b.jpg", "b.png"] {
        let output = restore(&format!("a.jpg -o {out}"), &files);
        says(
            &output,
            0,
            &["not copied", "a gain map (HDR)", "APP2 (MPF)"],
        );
    }
    let found = metadata("b.jpg", &files);
    let xmp = String::from_utf8(found.xmp.unwrap()).unwrap();
    assert!(xmp.contains("dc:format"), "{xmp}");
    for gone in ["Directory", "hdrgm:Version"] {
        assert!(!xmp.contains(gone), "{gone} in {xmp}");
    }
    assert!(found.others.is_empty());
}

#[test]
fn inspect_names_what_lies_beside_the_picture() {
    let files = folder(&[
        ("a.jpg", &tagged(&colour(50), &everything())),
        ("b.jpg", &ultra_hdr()),
        ("c.jpg", &[colour(50), colour(50)].concat()),
        ("d.jpg", &[&colour(50)[..], b"\0\0\0\x18ftypmp42"].concat()),
    ]);
    let wanted = [
        (
            "a.jpg",
            &[
                "EXIF (orientation 1)",
                "ICC profile",
                "XMP",
                "extended XMP",
                "IPTC",
                "3 comments",
                "300 x 150 dpi",
            ][..],
        ),
        ("b.jpg", &["a gain map (HDR)", "APP2 (MPF)"]),
        ("c.jpg", &["another picture"]),
        ("d.jpg", &["a film"]),
    ];
    for (name, words) in wanted {
        let output = run(&format!("inspect {name}"), &files);
        ends(&output, 0);
        for words in words {
            assert!(
                said(&output).contains(words),
                "no {words}: {}",
                said(&output)
            );
        }
    }
    let output = run("inspect --json b.jpg", &files);
    let json: serde_json::Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(json["behind"]["gain_map"], true);
    assert_eq!(json["behind"]["pictures"], 1);
}
