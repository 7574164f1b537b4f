//! What the fuzz targets share: pictures made of bytes, and seeds.

use std::path::PathBuf;

use ddrmjpeg::frame::{Picture, PixelModel, Planar8, Plane8};
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;

/// Where a target is told to write its seeds before it ends; `scripts/fuzz.sh` sets it.
const SEEDS: &str = "FUZZ_SEEDS";

/// Bytes of a frame before its samples.
const HEAD: usize = 6;

/// Chroma samplings that a frame may have.
const SAMPLINGS: [(usize, usize); 4] = [(1, 1), (2, 1), (2, 2), (1, 2)];

/// Called first by every target: writes the seeds and ends, where it was asked to.
pub fn write_seeds(seeds: impl FnOnce() -> Vec<Vec<u8>>) {
    let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) else {
        return;
    };
    for (i, seed) in seeds().iter().enumerate() {
        let path = folder.join(format!("made_{i}"));
        std::fs::write(&path, seed).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    std::process::exit(0);
}

/// Small enough that one file takes milliseconds.
pub fn limits() -> Limits {
    Limits::default()
.with_file_bytes(16 << 20)
.with_side_px(4096)
.with_pixels(Some(1 << 17))
.with_scans(20)
.with_metadata_bytes(1 << 20)
}

/// A frame of any size up to 256 x 256, and what is claimed of it.
pub struct Claimed {
    pub frame: Planar8,
    /// 1..=100.
    pub quality: u8,
    /// Any byte more.
    pub spice: u8,
}

/// The frame that `bytes` say; `None` for too few of them. Samples that lack repeat those there.
pub fn claimed(bytes: &[u8]) -> Option<Claimed> {
    let (&[model, sampling, width, height, quality, spice], samples) = bytes.split_first_chunk()?;
    let model = match model % 3 {
        0 => PixelModel::Grey,
        1 => PixelModel::Rgb,
        _ => PixelModel::YCbCr,
    };
    let sampling = match model {
        PixelModel::YCbCr => SAMPLINGS[usize::from(sampling) % SAMPLINGS.len()],
        _ => (1, 1),
    };
    let [width, height] = [width, height].map(|side| usize::from(side) + 1);
    let mut frame = Planar8::new(model, width, height, sampling);
    let all = frame.planes.iter_mut().flat_map(|plane| &mut plane.data);
    for (sample, byte) in all.zip(samples.iter().cycle()) {
        *sample = *byte;
    }
    Some(Claimed {
        frame,
        quality: quality % 100 + 1,
        spice,
    })
}

/// The bytes that say `frame`, which must be of no more than 256 x 256.
fn said(frame: &Planar8, quality: u8) -> Vec<u8> {
    let model = match frame.model {
        PixelModel::Grey => 0,
        PixelModel::Rgb => 1,
        _ => 2,
    };
    let sampling = SAMPLINGS.iter().position(|&s| s == frame.subsampling);
    let side = |px: usize| (px - 1) as u8;
    let head: [u8; HEAD] = [
        model,
        sampling.unwrap_or(0) as u8,
        side(frame.width()),
        side(frame.height()),
        quality - 1,
        0,
    ];
    let samples = frame
        .planes
        .iter()
        .flat_map(|plane| plane.data.iter().copied());
    head.into_iter().chain(samples).collect()
}

/// A scene with edges, gradients and texture, `seed` of its kind.
pub fn scene(model: PixelModel, (width, height): (usize, usize), seed: usize) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for i in 0..plane.data.len() {
            let (x, y) = (i % width, i / width);
            let texture = (i * 2_654_435_761 + seed) >> 9 & 15;
            let edge = if (x / 11 + y / 7 + c + seed).is_multiple_of(3) {
                90
            } else {
                0
            };
            plane.data[i] = (20 + edge + x + y / 2 + texture).min(250) as u8;
        }
    }
    out
}

/// JPEGs of several qualities and samplings, with their quality.
fn encoded() -> Vec<(u8, Vec<u8>)> {
    let kinds = [
        (PixelModel::Grey, (1, 1)),
        (PixelModel::Rgb, (1, 1)),
        (PixelModel::Rgb, (2, 1)),
        (PixelModel::Rgb, (2, 2)),
    ];
    let mut out = Vec::new();
    for (i, (model, sampling)) in kinds.into_iter().enumerate() {
        for quality in [15, 50, 85] {
            let scene = scene(model, (75 + i, 50), i);
            let file = jpeg::encode(&scene, quality, sampling).expect("a scene can be encoded");
            out.push((quality, file));
        }
    }
    out
}

/// Small JPEGs.
pub fn jpegs() -> Vec<Vec<u8>> {
    encoded().into_iter().map(|(_, file)| file).collect()
}

/// The same decoded, as the bytes of frames; RGB and grey.
pub fn frames() -> Vec<Vec<u8>> {
    let decode = |(quality, file): &(u8, Vec<u8>)| {
        let decoded = jpeg::file::pixels::decode(file, &limits()).expect("it was just encoded");
        said(&decoded, *quality)
    };
    let mut frames: Vec<Vec<u8>> = encoded().iter().map(decode).collect();
    for (i, frame) in frames.iter_mut().enumerate() {
        frame[HEAD - 1] = i as u8;
    }
    frames
}

/// Fails unless every value is a number.
pub fn all_finite(picture: &Picture) {
    assert!(picture.data.iter().all(|x| x.is_finite()));
}

/// The two planes of chroma, where there are any.
pub fn chroma(frame: &Planar8) -> Option<[&Plane8; 2]> {
    match frame.planes.as_slice() {
        [_, cb, cr] => Some([cb, cr]),
        _ => None,
    }
}
