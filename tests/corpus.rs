//! Files from decoder test suites: unusual but legal ones, and ones that broke decoders.
//!
//! DDRMJPEG_CORPUS names a folder with `odd/` and `crash/`; the tests are ignored by name
//! without it. Each file must be read or refused with a message, quickly, and what is read
//! must survive the whole way through the identity prior.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ddrmjpeg::{Control, Error, ModelOptions, RestoreOptions, Restorer, jpeg};

fn files(kind: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("DDRMJPEG_CORPUS").expect("DDRMJPEG_CORPUS names the corpus");
    let folder = PathBuf::from(root).join(kind);
    let mut found: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    assert!(
        found.len() > 50,
        "{} files in {}",
        found.len(),
        folder.display()
    );
    found
}

/// Restores every file with the identity prior; answers (read, refused with their errors).
fn restore_all(kind: &str) -> (usize, Vec<(PathBuf, Error)>) {
    let restorer = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    let (mut read, mut refused) = (0, Vec::new());
    for path in files(kind) {
        let bytes = fs::read(&path).unwrap();
        let start = Instant::now();
        match restorer.restore_jpeg(&bytes, &options, Control::default()) {
            Ok(_) => read += 1,
            Err(error) => refused.push((path.clone(), error)),
        }
        // A hang, not a benchmark: the slowest takes 2 s in a test build on an idle machine.
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}",
            path.display()
        );
    }
    (read, refused)
}

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_odd_files_are_restored_or_refused_as_a_kind() {
    let (read, refused) = restore_all("odd");
    for (path, error) in &refused {
        println!("{}: {error}", path.display());
    }
    // A PNG with the name of a JPEG, and a file that ends with the header of its first scan.
    let [(png, error), (cut, why)] = &refused[..] else {
        panic!("{} refused", refused.len());
    };
    assert!(png.ends_with("jd_jpg-size-6x6.jpg") && matches!(error, Error::Unsupported(_)));
    assert!(cut.ends_with("pil_ultrahdr.jpg") && matches!(why, Error::Input(_)));
    assert!(read > 100, "{read}");
}

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_files_that_broke_decoders_are_survived() {
    let (read, refused) = restore_all("crash");
    println!("{read} read, {} refused", refused.len());
    assert!(!refused.is_empty());
}

/// Levels of every file that is read are written and read again unchanged.
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_levels_survive_writing() {
    let limits = RestoreOptions::default().limits;
    for path in files("odd") {
        let Ok(file) = jpeg::read(&fs::read(&path).unwrap(), &limits) else {
            continue;
        };
        if file.damage.is_some()
            || file
                .components
                .iter()
                .any(|c| c.steps.iter().any(|&s| s > 255))
        {
            continue;
        }
        let again = match jpeg::write(&file) {
            Ok(bytes) => jpeg::read(&bytes, &limits).unwrap(),
            Err(error) => panic!("{}: {error}", path.display()),
        };
        for (a, b) in file.components.iter().zip(&again.components) {
            assert!(
                a.levels == b.levels && a.steps == b.steps,
                "{}",
                path.display()
            );
        }
    }
}

/// Files whose pixels differ though their levels are those that libjpeg reads: up to 4 pixels
/// wide or so, libjpeg repeats chroma instead of smoothing it (fewer than 3 samples), and
/// what lies beyond a picture's edge weighs in; 4:1:0 is smoothed along one axis here.
const APART: [&str; 6] = [
    "jd_jpg-size-2x2.jpg",
    "jd_jpg-size-3x3.jpg",
    "jd_jpg-size-4x4.jpg",
    "jd_jpg-size-8x8.jpg",
    "pil_app13.jpg",
    "zune_fox410.jpg",
];

/// What the levels decode to, against libjpeg's own pixels. The two differ by the rounding of
/// the integer transform, of smooth chroma and of the colours: a few levels at most, half a
/// level in the mean. Damaged files are left out, since libjpeg fills them differently, and those with a fourth
/// component, of which libjpeg's pixels are not RGB (`tests/four_components.rs`).
#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_levels_decode_to_what_libjpeg_decodes() {
    let limits = RestoreOptions::default().limits;
    let (mut compared, mut apart) = (0, Vec::new());
    for path in files("odd") {
        let bytes = fs::read(&path).unwrap();
        let (Ok(file), Ok(wanted)) = (
            jpeg::read(&bytes, &limits),
            jpeg::file::pixels::decode(&bytes, &limits),
        ) else {
            continue;
        };
        if file.damage.is_some() || file.ink.is_some() {
            continue;
        }
        compared += 1;
        let picture = jpeg::grid::from_file(&file).decode();
        let (mut sum, mut count) = (0.0, 0.0);
        for (c, plane) in wanted.planes.iter().enumerate() {
            let rows = picture.plane(c).chunks_exact(picture.width);
            for (row, wanted) in rows.zip(plane.data.chunks_exact(plane.width)) {
                for (x, byte) in row.iter().zip(wanted) {
                    sum += f64::from((jpeg::grid::color::to_level(*x) - f32::from(*byte)).abs());
                    count += 1.0;
                }
            }
        }
        let known = APART.iter().any(|name| path.ends_with(name));
        if sum / count > 0.6 && !known {
            apart.push((path, sum / count));
        }
    }
    assert!(compared > 80, "{compared} compared");
    assert!(apart.is_empty(), "of {compared}: {apart:?}");
}
