//! CMYK and YCCK files, and arithmetic-coded ones.

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::ink::Ink;
use ddrmjpeg::restore::Restored;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};

const SIZE: (usize, usize) = (61, 43);

fn scene(model: PixelModel, (width, height): (usize, usize)) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            *byte = (70 + (i % width * (2 + c) + i / width * (4 - c)) % 180) as u8;
        }
    }
    out
}

fn read(bytes: &[u8]) -> JpegFile {
    jpeg::read(bytes, &RestoreOptions::default().limits).unwrap()
}

/// A file of four components, of which those beside black are `paint`; black has a sample for
/// `factors` pixels.
fn file(is_ycck: bool, subsampling: (usize, usize), factors: (usize, usize)) -> Vec<u8> {
    let paint = scene(PixelModel::Rgb, SIZE);
    let mut paint = read(&jpeg::encode(&paint, 85, subsampling).unwrap());
    if !is_ycck {
        paint.model = PixelModel::Rgb;
    }
    let size = (SIZE.0.div_ceil(factors.0), SIZE.1.div_ceil(factors.1));
    let black = scene(PixelModel::Grey, size);
    paint.ink = Some(Ink {
        black: Box::new(read(&jpeg::encode(&black, 70, (1, 1)).unwrap())),
        factors,
        is_ycck,
    });
    jpeg::write(&paint).unwrap()
}

fn restore(file: &JpegFile, options: &RestoreOptions) -> Restored {
    identity()
        .restore_file(file, options, Control::default())
        .unwrap()
}

/// The prior that changes nothing.
fn identity() -> Restorer {
    Restorer::open(&ModelOptions::default().with_model("identity")).unwrap()
}

/// Whether it is YCCK, and the sampling factors of two kinds of components.
type Kind = (bool, (usize, usize), (usize, usize));

const KINDS: [Kind; 4] = [
    (false, (1, 1), (1, 1)),
    (true, (1, 1), (1, 1)),
    (true, (2, 2), (1, 1)),
    (false, (2, 2), (2, 2)),
];

#[test]
fn levels_of_all_four_are_read_as_they_were_written() {
    for (is_ycck, subsampling, factors) in KINDS {
        let found = read(&file(is_ycck, subsampling, factors));
        let ink = found.ink.as_ref().expect("black");
        assert_eq!((ink.is_ycck, ink.factors), (is_ycck, factors));
        let wanted = scene(PixelModel::Rgb, SIZE);
        let wanted = read(&jpeg::encode(&wanted, 85, subsampling).unwrap());
        for (a, b) in found.components.iter().zip(&wanted.components) {
            assert!(a.levels == b.levels && a.steps == b.steps);
        }
        let size = (SIZE.0.div_ceil(factors.0), SIZE.1.div_ceil(factors.1));
        let black = jpeg::encode(&scene(PixelModel::Grey, size), 70, (1, 1)).unwrap();
        assert_eq!(
            ink.black.components[0].levels,
            read(&black).components[0].levels
        );
        assert_eq!(found.damage, None);
    }
}

/// Two roundings of colours and one of the product: 3 levels; chroma that is smoothed by one and
/// by the other, a little more.
#[test]
fn they_are_decoded_to_the_rgb_that_every_decoder_shows() {
    for (is_ycck, subsampling, factors) in KINDS {
        let bytes = file(is_ycck, subsampling, factors);
        let wanted = jpeg::file::pixels::decode(&bytes, &RestoreOptions::default().limits).unwrap();
        let shown = restore(&read(&bytes), &RestoreOptions::default().with_strength(0.0)).frame;
        assert_eq!(shown.model, PixelModel::Rgb);
        for (a, b) in shown.planes.iter().zip(&wanted.planes) {
            let apart = a
                .data
                .iter()
                .zip(&b.data)
                .map(|(a, b)| u32::from(a.abs_diff(*b)));
            let (most, sum) = apart.fold((0, 0), |(most, sum), x| (most.max(x), sum + x));
            let mean = f64::from(sum) / a.data.len() as f64;
            assert!(
                most <= 12 && mean < 1.0,
                "{is_ycck} {subsampling:?}: {most} {mean}"
            );
        }
    }
}

#[test]
fn all_four_are_restored_and_keep_their_levels() {
    let strict = RestoreOptions::default().with_strict(true);
    for (is_ycck, subsampling, factors) in KINDS {
        let found = read(&file(is_ycck, subsampling, factors));
        let restored = restore(&found, &strict);
        assert!(restored.report.restored);
        assert_eq!(restored.report.measured, [true; 4]);
        let (levels, _) = identity()
            .restore_to_levels(&found, &strict, Control::default())
            .unwrap();
        let again = read(&jpeg::write(&levels).unwrap());
        let (ours, theirs) = (again.ink.unwrap(), found.ink.unwrap());
        assert_eq!(ours.black.components, theirs.black.components);
        assert_eq!(again.components.len(), found.components.len());
    }
}

#[test]
fn a_cut_file_of_four_components_is_restored_where_it_is_whole() {
    let whole = file(true, (1, 1), (1, 1));
    let cut = read(&whole[..whole.len() * 2 / 3]);
    let report = restore(&cut, &RestoreOptions::default()).report;
    assert!(report.restored);
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    assert!(report.notes[0].contains("damaged"), "{:?}", report.notes);
}

/// The same pixels by the same encoder: only the coding differs.
#[test]
fn arithmetic_coding_gives_the_levels_of_huffman_coding() {
    let huffman = read(include_bytes!("data/huffman.jpg"));
    for bytes in [
        include_bytes!("data/arithmetic.jpg").as_slice(),
        include_bytes!("data/arithmetic_progressive.jpg"),
    ] {
        let file = read(bytes);
        assert_eq!(file.damage, None);
        assert!(file.components == huffman.components);
        // Without its end marker it is whole all the same.
        assert!(read(&bytes[..bytes.len() - 2]).components == huffman.components);
    }
}

/// A file of 13 kB cannot be 7000 x 7000 pixels, and is not taken for it.
#[test]
fn a_size_that_the_bytes_cannot_hold_is_refused() {
    let small = jpeg::encode(&scene(PixelModel::Rgb, (300, 200)), 60, (2, 2)).unwrap();
    let frame = small.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let mut lie = small.clone();
    lie[frame + 5..frame + 9].copy_from_slice(&[0x1B, 0x58, 0x1B, 0x58]);
    let begun = std::time::Instant::now();
    let error = jpeg::read(&lie, &RestoreOptions::default().limits).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("7000 x 7000 pixels take") && said.contains("bytes"),
        "{said}"
    );
    // Nothing is decoded; 2 s and more were taken by that.
    assert!(begun.elapsed().as_millis() < 500);
    // What is cut short is read, down to where it could hold a quarter.
    let header = small.len() - 100;
    assert!(jpeg::read(&small[..header], &RestoreOptions::default().limits).is_ok());
}

/// A picture in 16 bits is that in 8 bits, with what rounding took away.
#[test]
fn a_picture_that_is_not_rounded_becomes_the_same_pixels() {
    let (core, options) = (identity(), RestoreOptions::default());
    let plain = |model| jpeg::encode(&scene(model, SIZE), 40, (2, 2)).unwrap();
    let ink = file(true, (2, 2), (1, 1));
    for bytes in [plain(PixelModel::Rgb), plain(PixelModel::Grey), ink] {
        let found = read(&bytes);
        let shown = restore(&found, &options);
        let (picture, report) = core
            .restore_unrounded(&found, &options, Control::default())
            .unwrap();
        assert_eq!(report, shown.report);
        assert_eq!((picture.width, picture.height), SIZE);
        let shown = shown.frame.interleaved().unwrap();
        let deep = picture.interleaved16();
        assert_eq!(deep.len(), shown.len());
        let apart = |(&deep, &byte): (&u16, &u8)| i32::from(deep) - 257 * i32::from(byte);
        let apart: Vec<i32> = deep.iter().zip(&shown).map(apart).collect();
        assert!(apart.iter().all(|d| d.abs() <= 129), "{apart:?}");
        assert!(apart.iter().any(|&d| d != 0));
    }
}
