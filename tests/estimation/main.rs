//! Tables, grid and sampling told from pixels: on the committed pictures, and, where
//! DDRMJPEG_PICTURES names a folder with `tune/` and `train/`, on all of those.

mod kept;
mod moved;
mod resaved;

use std::path::{Path, PathBuf};

use ddrmjpeg::frame::{PixelModel, Planar8, Plane8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::recover;
use ddrmjpeg::jpeg::recover::decoded;
use ddrmjpeg::jpeg::recover::estimate;
use ddrmjpeg::jpeg::recover::estimate::Fill;
use ddrmjpeg::options::Limits;
use ddrmjpeg::runtime::threads::crew;

const QUALITIES: [u8; 8] = [30, 40, 50, 60, 70, 75, 80, 85];

fn load(path: &Path) -> Planar8 {
    let picture = image::open(path).unwrap().to_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Planar8::from_rgb(width, height, picture.as_raw())
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    found.sort();
    found
}

fn pictures(name: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("DDRMJPEG_PICTURES").expect("DDRMJPEG_PICTURES names the folder");
    below(&PathBuf::from(root).join(name))
}

fn committed() -> Vec<PathBuf> {
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pictures"))
}

fn cropped(picture: &Planar8, (x, y): (usize, usize)) -> Planar8 {
    picture.without_margin((x, y))
}

/// How a luma plane came to the estimate.
#[derive(Clone, Copy, Debug)]
enum From {
    /// The decoder's own plane.
    Luma,
    /// RGB by libjpeg, islow, smooth chroma.
    Rgb,
    /// The same without its first 3 columns and 6 rows.
    Cropped,
}

/// Steps that some level of the file shows, and those of them that were found; libjpeg 4:2:0.
fn visible_and_right(clean: &Planar8, steps: [[u16; 64]; 2], from: From) -> (usize, usize) {
    let [luma, chroma] = steps;
    let bytes = jpeg::file::write::encode_with(clean, &[luma, chroma, chroma], (2, 2)).unwrap();
    let file = jpeg::read(&bytes, &Limits::default()).unwrap();
    let levels = &file.components[0].levels;
    let visible = |i: &usize| levels.iter().any(|block| block[*i] != 0);
    let (plane, offset) = match from {
        From::Luma => (decoded_luma(&file), (0, 0)),
        From::Rgb => (through_rgb(&bytes, (0, 0)), (0, 0)),
        From::Cropped => (through_rgb(&bytes, (3, 6)), (5, 2)),
    };
    let found = estimate::luma(&plane);
    let right = |i: &usize| {
        let found = found.as_ref().filter(|found| found.offset == offset);
        found.is_some_and(|found| found.steps[*i] == luma[*i])
    };
    let all: Vec<usize> = (0..64).filter(visible).collect();
    (all.len(), all.iter().filter(|i| right(i)).count())
}

fn decoded_luma(file: &jpeg::JpegFile) -> Plane8 {
    decoded_frame(file).planes.swap_remove(0)
}

/// The planes of a colour file, of its own sampling, as an exact decoder puts them out.
fn decoded_frame(file: &jpeg::JpegFile) -> Planar8 {
    let seen = jpeg::grid::from_file(file);
    let sampling = file.subsampling();
    let mut out = Planar8::new(PixelModel::YCbCr, file.width, file.height, sampling);
    for (plane, component) in out.planes.iter_mut().zip(&seen.components) {
        let rows = plane.data.chunks_exact_mut(plane.width);
        for (row, samples) in rows.zip(component.plane.chunks_exact(component.width())) {
            for (byte, sample) in row.iter_mut().zip(samples) {
                *byte = (sample + 128.0).round() as u8;
            }
        }
    }
    out
}

fn through_rgb(bytes: &[u8], crop: (usize, usize)) -> Plane8 {
    let shown = jpeg::file::pixels::decode(bytes, &Limits::default()).unwrap();
    recover::luma(&cropped(&shown, crop)).unwrap()
}

/// libjpeg's tables, or tables like a camera's: each step off by its own 0 to 5.
fn steps_of(quality: u8, camera: bool) -> [[u16; 64]; 2] {
    let (luma, chroma) = tables::ijg_pair(quality);
    match camera {
        false => [luma, chroma],
        true => [
            std::array::from_fn(|i| (luma[i] + (i * 7 % 3 + i * i % 4) as u16).min(255)),
            chroma,
        ],
    }
}

/// The share of visible steps that were found, over all pictures.
fn share(paths: &[PathBuf], quality: u8, camera: bool, from: From) -> f64 {
    let counts = crew::map(paths, |path| {
        visible_and_right(&load(path), steps_of(quality, camera), from)
    });
    let sum = |of: fn(&(usize, usize)) -> usize| counts.iter().map(of).sum::<usize>() as f64;
    sum(|c| c.1) / sum(|c| c.0)
}

/// 95 % of the visible steps must come back.
#[test]
fn committed_pictures_show_their_tables() {
    let paths = committed();
    assert!(!paths.is_empty());
    for quality in [40, 75, 85] {
        for from in [From::Luma, From::Rgb, From::Cropped] {
            let found = share(&paths, quality, false, from);
            assert!(found >= 0.95, "{quality} {from:?}: {found}");
        }
    }
}

#[test]
fn committed_pictures_show_no_table_when_they_are_clean() {
    for path in committed() {
        assert_eq!(estimate::luma(&recover::luma(&load(&path)).unwrap()), None);
    }
}

/// From RGB alone, cropped: the levels of the file come back, of luma and of chroma.
#[test]
fn a_cropped_picture_tells_sampling_and_chroma_too() {
    let clean = load(&committed()[0]);
    for subsampling in [(1, 1), (2, 1), (2, 2)] {
        let bytes = jpeg::encode(&clean, 70, subsampling).unwrap();
        let shown = jpeg::file::pixels::decode(&bytes, &Limits::default()).unwrap();
        let seen = decoded::observe(&cropped(&shown, (13, 6)))
            .unwrap()
            .unwrap();
        let (luma, chroma) = tables::ijg_pair(70);
        let found = seen.chroma.expect("chroma shows its table");
        assert_eq!(found.subsampling, subsampling);
        assert_eq!((seen.luma.steps, found.estimate.steps), (luma, chroma));
        assert_eq!(seen.luma.fill, Fill::Ijg(70));
        for (c, component) in seen.observation.components.iter().enumerate() {
            let known = component.levels.iter().flatten().count();
            let all = component.levels.len();
            // Clipped blocks and those at the cut edges do not fit, nor do some in which
            // undoing the upsampling filter magnifies what rounding did.
            assert!(
                5 * known > 2 * all,
                "{subsampling:?} component {c}: {known} of {all}"
            );
        }
    }
}

/// Prints the table of docs/measurements/estimation.md.
#[test]
#[ignore = "needs DDRMJPEG_PICTURES"]
fn pictures_of_tune_show_their_tables() {
    let paths = pictures("tune");
    println!(
        "| quality | luma plane | through RGB | RGB, cropped | camera-like table, luma plane | camera-like, RGB |"
    );
    println!("|---|---|---|---|---|---|");
    for quality in QUALITIES {
        let found = [
            share(&paths, quality, false, From::Luma),
            share(&paths, quality, false, From::Rgb),
            share(&paths, quality, false, From::Cropped),
            share(&paths, quality, true, From::Luma),
            share(&paths, quality, true, From::Rgb),
        ];
        let cells: Vec<String> = found
            .iter()
            .map(|s| format!("{:.2} %", 100.0 * s))
            .collect();
        println!("| {quality} | {} |", cells.join(" | "));
        for share in &found[..3] {
            assert!(*share >= 0.95, "quality {quality}: {found:?}");
        }
    }
}

#[test]
#[ignore = "needs DDRMJPEG_PICTURES"]
fn clean_pictures_of_tune_and_train_show_no_table() {
    for name in ["tune", "train"] {
        let paths = pictures(name);
        let shows = crew::map(&paths, |path| {
            estimate::luma(&recover::luma(&load(path)).unwrap()).is_some()
        });
        let found = paths.iter().zip(shows).filter(|(_, shows)| *shows);
        let found: Vec<_> = found.map(|(path, _)| path).collect();
        println!("{name}: {} of {} show a table", found.len(), paths.len());
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Saved once, at any quality, or again at the same: no sign. Coarser first: always one.
#[test]
#[ignore = "needs DDRMJPEG_PICTURES"]
fn pictures_of_tune_show_when_they_were_saved_twice() {
    let paths = pictures("tune");
    println!("| saved at | first at | found | fewest steps named |");
    println!("|---|---|---|---|");
    let cases = [
        (None, 40),
        (None, 60),
        (None, 75),
        (None, 85),
        (None, 92),
        (None, 95),
        (None, 98),
        (None, 100),
        (Some(85), 85),
        (Some(85), 60),
        (Some(80), 85),
        (Some(75), 85),
        (Some(60), 85),
        (Some(75), 90),
        (Some(60), 92),
        (Some(75), 96),
        (Some(75), 98),
        (Some(40), 75),
    ];
    for (first, second) in cases {
        let steps = crew::map(&paths, |path| first_steps(&load(path), first, second));
        let steps: Vec<usize> = steps.into_iter().flatten().collect();
        let found = steps.len();
        let fewest = steps.iter().min().map_or("-".into(), usize::to_string);
        let first_name = first.map_or("-".into(), |q: u8| q.to_string());
        println!(
            "| {second} | {first_name} | {found} of {} | {fewest} |",
            paths.len()
        );
        match first {
            // Few steps are coarse enough to show, or hardly coarser.
            Some(80) => {}
            Some(75) if second == 98 => assert!(4 * found > 3 * paths.len(), "{found}"),
            Some(first) if first < 80 => assert_eq!(found, paths.len(), "{first}, then {second}"),
            _ => assert_eq!(found, 0, "{first:?}, then {second}"),
        }
    }
}

/// How many steps of an earlier save the luma of `clean` shows, saved so.
fn first_steps(clean: &Planar8, first: Option<u8>, second: u8) -> Option<usize> {
    let shown = first.map(|quality| {
        let bytes = jpeg::encode(clean, quality, (2, 2)).unwrap();
        jpeg::file::pixels::decode(&bytes, &Limits::default()).unwrap()
    });
    let bytes = jpeg::encode(shown.as_ref().unwrap_or(clean), second, (2, 2)).unwrap();
    let file = jpeg::read(&bytes, &Limits::default()).unwrap();
    let found = recover::resaved::of(&file).swap_remove(0)?;
    Some(found.first_steps.iter().flatten().count())
}

/// What is remembered of the files before changes nothing: saved once, twice, with other tables, of
/// another size, and in part another.
#[test]
fn a_stream_of_files_is_looked_at_as_each_by_itself() {
    let clean = load(&committed()[0]);
    let encode = |picture: &Planar8, quality| {
        let bytes = jpeg::encode(picture, quality, (2, 2)).unwrap();
        (jpeg::read(&bytes, &Limits::default()).unwrap(), bytes)
    };
    let again = |quality, then| {
        let (_, bytes) = encode(&clean, quality);
        encode(
            &jpeg::file::pixels::decode(&bytes, &Limits::default()).unwrap(),
            then,
        )
        .0
    };
    let once = encode(&clean, 85).0;
    let twice = again(60, 85);
    let mut part = twice.clone();
    for component in &mut part.components {
        let half = component.levels.len() / 2;
        component.levels[half..].reverse();
    }
    let mut small = once.clone();
    for component in &mut small.components {
        component.blocks_high -= 1;
        component
            .levels
            .truncate(component.blocks_wide * component.blocks_high);
    }
    let files = [
        &once,
        &twice,
        &part,
        &again(40, 85),
        &small,
        &again(60, 90),
        &once,
        &twice,
    ];
    let mut watch = recover::resaved::Watch::default();
    let mut shown = Vec::new();
    for (n, file) in files.into_iter().enumerate() {
        let found = watch.first_save(file);
        assert_eq!(found, recover::resaved::first_save(file), "file {n}");
        shown.push(found.is_some());
    }
    assert_eq!(
        (shown[0], shown[1], shown[6], shown[7]),
        (false, true, false, true)
    );
}

#[test]
fn a_committed_picture_shows_when_it_was_saved_twice() {
    let clean = load(&committed()[0]);
    for (first, second, expected) in [
        (None, 85, false),
        (None, 98, false),
        (Some(60), 85, true),
        (Some(85), 60, false),
    ] {
        assert_eq!(
            first_steps(&clean, first, second).is_some(),
            expected,
            "{first:?}, then {second}"
        );
    }
}
