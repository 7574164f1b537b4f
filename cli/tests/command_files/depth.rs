//! Samples of 16 bits and of f32, and streams of frames: what they hold, and that other programs read
//! them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use image::DynamicImage;
use tempfile::TempDir;

use crate::formats::{exif, tagged};
use crate::{colour, ends, errors, folder, restore, says, scene};

fn grey() -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Grey, 70, 50), 50, (1, 1)).unwrap()
}

fn open(name: &str, files: &TempDir) -> DynamicImage {
    image::open(files.path().join(name)).unwrap()
}

fn read(name: &str, files: &TempDir) -> Vec<u8> {
    fs::read(files.path().join(name)).unwrap()
}

/// Runs `line` and returns what it writes to standard output.
fn piped(line: &str, files: &TempDir) -> Vec<u8> {
    let output = restore(line, files);
    ends(&output, 0);
    output.stdout
}

/// Samples of 16 bits as 8: divided by 257, to the nearest.
fn rounded(samples: &[u16]) -> Vec<u8> {
    let nearest = |&sample: &u16| (f64::from(sample) / 257.0).round() as u8;
    samples.iter().map(nearest).collect()
}

/// Byte for byte, in every format that has 16 bits, turned or not, alone or as a sheet; and there is
/// more in them than bytes.
#[test]
fn sixteen_bits_rounded_are_the_eight_bits() {
    let turned = |orientation| {
        let metadata = Metadata {
            exif: Some(exif(orientation)),
            ..Metadata::default()
        };
        tagged(&colour(50), &metadata)
    };
    let (sixth, seventh) = (turned(6), turned(7));
    let files = folder(&[
        ("colour.jpg", &colour(50)),
        ("grey.jpg", &grey()),
        ("right.jpg", &sixth),
        ("across.jpg", &seventh),
    ]);
    for input in [
        "colour.jpg",
        "grey.jpg",
        "right.jpg",
        "across.jpg",
        "colour.jpg --compare",
    ] {
        ends(&restore(&format!("{input} -o 8.png"), &files), 0);
        for output in ["16.png", "16.tif", "16.pnm", "16.pam"] {
            let line = format!("{input} -o {output} --depth 16");
            ends(&restore(&line, &files), 0);
            let found = open(output, &files);
            let eight = open("8.png", &files);
            assert_eq!(
                found.color().has_color(),
                eight.color().has_color(),
                "{line}"
            );
            let (deep, wanted) = match eight {
                DynamicImage::ImageLuma8(eight) => (found.to_luma16().into_raw(), eight.into_raw()),
                eight => (found.to_rgb16().into_raw(), eight.to_rgb8().into_raw()),
            };
            assert_eq!(rounded(&deep), wanted, "{line}");
            assert!(deep.iter().any(|sample| sample % 257 != 0), "{line}");
        }
    }
}

/// The same of pictures that are no JPEG files.
#[test]
fn other_inputs_have_sixteen_bits_too() {
    let files = folder(&[("a.jpg", &colour(50))]);
    ends(&restore("a.jpg -o shown.png --strength 0", &files), 0);
    for flags in ["--deg quant=4bit", "--deg quant=4bit --strength 0"] {
        ends(&restore(&format!("shown.png -o 8.png {flags}"), &files), 0);
        ends(
            &restore(&format!("shown.png -o 16.png {flags} --depth 16"), &files),
            0,
        );
        let deep = open("16.png", &files).to_rgb16().into_raw();
        assert_eq!(
            rounded(&deep),
            open("8.png", &files).to_rgb8().into_raw(),
            "{flags}"
        );
    }
    let picture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/pictures/coffee.png"
    );
    let clean = ddrmjpeg::Planar8::from(image::open(picture).unwrap());
    let bytes = jpeg::encode(&clean, 60, (2, 2)).unwrap();
    let shown = ddrmjpeg::decode(&bytes, &ddrmjpeg::Limits::default()).unwrap();
    let cropped = image::RgbImage::try_from(&shown.without_margin((3, 6))).unwrap();
    // Lying on its side, as the library has to notice.
    let aside = image::imageops::rotate90(&cropped);
    aside.save(files.path().join("was.png")).unwrap();
    ends(&restore("was.png -o 8.png --was-jpeg", &files), 0);
    ends(
        &restore("was.png -o 16.png --was-jpeg --depth 16", &files),
        0,
    );
    let deep = open("16.png", &files).to_rgb16();
    assert_eq!(deep.dimensions(), aside.dimensions());
    assert_eq!(
        rounded(deep.as_raw()),
        open("8.png", &files).to_rgb8().into_raw()
    );
}

/// 255 times a sample is the level before it is rounded; the conversion rounds once more, by less
/// than a hundred-thousandth of the range.
#[test]
fn f32_holds_the_levels_unrounded() {
    let files = folder(&[("colour.jpg", &colour(50)), ("grey.jpg", &grey())]);
    for input in ["colour.jpg", "grey.jpg"] {
        ends(&restore(&format!("{input} -o 8.png"), &files), 0);
        ends(
            &restore(&format!("{input} -o f.tif --depth f32"), &files),
            0,
        );
        ends(&restore(&format!("{input} -o f.pfm"), &files), 0);
        let wanted = open("8.png", &files).into_bytes();
        let mut decoder =
            tiff::decoder::Decoder::new(fs::File::open(files.path().join("f.tif")).unwrap())
                .unwrap();
        let tiff::decoder::DecodingResult::F32(samples) = decoder.read_image().unwrap() else {
            panic!("no f32");
        };
        assert_eq!(samples.len(), wanted.len());
        for (sample, &byte) in samples.iter().zip(&wanted) {
            let level = 255.0 * f64::from(*sample);
            let near = (level - f64::from(byte)).abs() < 0.5 + 1e-2;
            assert!(near || !(0.0..=255.0).contains(&level), "{level} {byte}");
        }
        // The last row first.
        let pfm = read("f.pfm", &files);
        let (magic, channels) = if input == "grey.jpg" {
            ("Pf", 1)
        } else {
            ("PF", 3)
        };
        let head = format!("{magic}\n70 50\n-1.0\n");
        let body = pfm.strip_prefix(head.as_bytes()).unwrap();
        let rows = body
            .chunks_exact(4 * 70 * channels)
            .rev()
            .flatten()
            .copied();
        let rows: Vec<u8> = rows.collect();
        let found = rows
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&word| f32::from_le_bytes(word));
        assert!(found.eq(samples.iter().copied()), "{input}");
    }
}

#[test]
fn metadata_are_those_of_eight_bits() {
    let mut icc = vec![0; 132];
    icc[16..20].copy_from_slice(b"RGB ");
    let metadata = Metadata {
        exif: Some(exif(6)),
        icc: Some(icc),
        xmp: Some(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>".to_vec()),
        ..Metadata::default()
    };
    let files = folder(&[("a.jpg", &tagged(&colour(50), &metadata))]);
    let of = |name: &str| {
        use image::ImageDecoder;
        let reader = image::ImageReader::open(files.path().join(name)).unwrap();
        let mut decoder = reader.into_decoder().unwrap();
        (
            decoder.exif_metadata().unwrap(),
            decoder.icc_profile().unwrap(),
            decoder.orientation().unwrap(),
        )
    };
    for (eight, sixteen) in [("8.png", "16.png"), ("8.tif", "16.tif")] {
        for keep in ["", "--orient keep"] {
            ends(&restore(&format!("a.jpg -o {eight} {keep}"), &files), 0);
            ends(
                &restore(&format!("a.jpg -o {sixteen} --depth 16 {keep}"), &files),
                0,
            );
            assert_eq!(of(eight), of(sixteen));
            assert!(of(sixteen).1.is_some());
        }
    }
    let output = restore("a.jpg -o a.pfm", &files);
    says(
        &output,
        0,
        &["not kept in a PFM: EXIF, the ICC profile, XMP"],
    );
}

#[test]
fn a_depth_that_a_format_has_not_is_refused_before_any_work() {
    let files = folder(&[("a.jpg", &colour(50))]);
    for (flags, words) in [
        ("-o a.webp --depth 16", &["WebP", "16 bits", "8 bits"][..]),
        ("-o a.png --depth f32", &["PNG", "f32", "8 bits, 16 bits"]),
        ("-o b.jpg --depth 16", &["JPEG", "16 bits"]),
        ("-o a.pfm --depth 8", &["PFM", "8 bits", "it can have f32"]),
        ("-o a.png --format gif", &["gif", "must be one of png, tif"]),
        ("-o - --format png --out-quality 80", &["--format is PNG"]),
    ] {
        says(&restore(&format!("a.jpg {flags}"), &files), 2, words);
    }
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1);
}

/// The same bytes as in a file; and a named format overrules an extension.
#[test]
fn every_format_can_be_named_for_standard_output() {
    let files = folder(&[("grey.jpg", &grey()), ("a.jpg", &colour(50))]);
    for format in [
        "png", "tif", "webp", "ppm", "pnm", "pam", "pfm", "y4m", "rgb", "yuv", "jpg",
    ] {
        ends(&restore(&format!("a.jpg -o it.{format}"), &files), 0);
        let there = read(&format!("it.{format}"), &files);
        assert_eq!(
            piped(&format!("a.jpg -o - --format {format}"), &files),
            there,
            "{format}"
        );
        ends(
            &restore(&format!("a.jpg -o it.bin --format {format}"), &files),
            0,
        );
        assert_eq!(read("it.bin", &files), there, "{format}");
    }
    let pgm = piped("grey.jpg -o - --format pgm --depth 16", &files);
    assert!(pgm.starts_with(b"P5\n70 50\n65535\n"));
    ends(&restore("a.jpg grey.jpg -o out/ --format tif", &files), 0);
    assert!(files.path().join("out/grey.tif").exists());
}

/// A head, then a frame for each input in the order of the command line.
#[test]
fn several_inputs_are_the_frames_of_a_stream() {
    let wide = jpeg::encode(&scene(PixelModel::Rgb, 72, 50), 50, (2, 2)).unwrap();
    let files = folder(&[
        ("a.jpg", &colour(50)),
        ("b.jpg", &colour(20)),
        ("c.jpg", &wide),
    ]);
    let of = |input: &str, format: &str| piped(&format!("{input} -o - --format {format}"), &files);
    let head = b"YUV4MPEG2 W70 H50 F25:1 Ip A1:1 C444 XCOLORRANGE=FULL\n";
    let (first, second) = (of("a.jpg", "y4m"), of("b.jpg", "y4m"));
    assert!(first.starts_with(head) && first != second);
    assert_eq!(first.len(), head.len() + b"FRAME\n".len() + 3 * 70 * 50);
    let both = [&first[..], &second[head.len()..]].concat();
    assert_eq!(of("a.jpg b.jpg", "y4m"), both);
    for format in ["rgb", "yuv"] {
        let both = [of("a.jpg", format), of("b.jpg", format)].concat();
        assert_eq!(of("a.jpg b.jpg", format), both, "{format}");
        let output = restore(&format!("a.jpg c.jpg b.jpg -o - --format {format}"), &files);
        says(
            &output,
            1,
            &["c.jpg", "another size or colour than the first"],
        );
        assert_eq!(output.stdout, both);
    }
    says(
        &restore("a.jpg b.jpg -o -", &files),
        2,
        &["one picture", "--format y4m"],
    );
}

/// `program` with `input` on standard input; what it writes.
fn fed(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{program}: {why}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        errors(&output)
    );
    output.stdout
}

/// The samples of the 16-bit PNG, as bytes of PNM.
fn wanted(files: &TempDir) -> Vec<u8> {
    ends(&restore("a.jpg -o 16.png --depth 16", files), 0);
    let samples = open("16.png", files).to_rgb16().into_raw();
    samples
        .iter()
        .flat_map(|sample| sample.to_be_bytes())
        .collect()
}

#[test]
#[ignore = "needs FFmpeg: ffmpeg on the PATH, or named by the variable FFMPEG"]
fn ffmpeg_reads_what_comes_through_a_pipe() {
    let ffmpeg = std::env::var("FFMPEG").unwrap_or_else(|_| "ffmpeg".into());
    let files = folder(&[("a.jpg", &colour(50))]);
    let wanted = wanted(&files);
    let raw = ["-f", "rawvideo", "-s", "70x50", "-pix_fmt"];
    let cases: [(&str, Vec<&str>); 5] = [
        ("png", vec!["-f", "png_pipe"]),
        ("ppm", vec!["-f", "ppm_pipe"]),
        ("rgb", [&raw[..], &["rgb48le"]].concat()),
        ("y4m", vec!["-f", "yuv4mpegpipe"]),
        ("yuv", [&raw[..], &["yuv444p16le"]].concat()),
    ];
    for (format, input) in cases {
        let bytes = piped(&format!("a.jpg -o - --format {format} --depth 16"), &files);
        let in_ycc = ["y4m", "yuv"].contains(&format);
        let to = match in_ycc {
            true => {
                "scale=in_range=pc:out_range=pc:in_color_matrix=bt601:flags=accurate_rnd+full_chroma_inp"
            }
            false => "null",
        };
        let arguments = [
            &["-v", "error"][..],
            &input,
            &[
                "-i", "-", "-vf", to, "-pix_fmt", "rgb48be", "-f", "rawvideo", "-",
            ],
        ];
        let found = fed(&ffmpeg, &arguments.concat(), &bytes);
        assert_eq!(found.len(), wanted.len(), "{format}");
        let words = |bytes: &[u8]| -> Vec<i32> {
            let words = bytes.as_chunks::<2>().0.iter();
            words
                .map(|&word| i32::from(u16::from_be_bytes(word)))
                .collect()
        };
        let off = words(&found).into_iter().zip(words(&wanted));
        let most = off.map(|(a, b)| (a - b).abs()).max().unwrap();
        // RGB as it is; the way back from YCbCr in FFmpeg's own fixed point, to half a byte.
        let allowed = if in_ycc { 128 } else { 0 };
        assert!(most <= allowed, "{format}: {most}");
    }
}

#[test]
#[ignore = "needs ImageMagick: magick on the PATH, or named by the variable MAGICK"]
fn imagemagick_reads_what_comes_through_a_pipe() {
    let magick = std::env::var("MAGICK").unwrap_or_else(|_| "magick".into());
    let files = folder(&[("a.jpg", &colour(50))]);
    let wanted = wanted(&files);
    let raw = ["-size", "70x50", "-depth", "16", "-endian", "LSB", "rgb:-"];
    let cases: [(&str, &[&str]); 5] = [
        ("png", &["png:-"]),
        ("tif", &["tif:-"]),
        ("ppm", &["ppm:-"]),
        ("pam", &["pam:-"]),
        ("rgb", &raw),
    ];
    for (format, input) in cases {
        let bytes = piped(&format!("a.jpg -o - --format {format} --depth 16"), &files);
        let to = ["-depth", "16", "-endian", "MSB", "rgb:-"];
        let found = fed(&magick, &[input, &to].concat(), &bytes);
        assert!(found == wanted, "{format}");
    }
}
