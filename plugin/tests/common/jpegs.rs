//! JPEG frames for the tests of the decoder: of any sampling, without Huffman tables, as
//! fields, cut off.

#![allow(dead_code, reason = "no test binary uses all of it")]

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;

/// Waves and grain that differ from one `phase` to the next; RGB, or grey.
pub fn scene(model: PixelModel, width: usize, height: usize, phase: usize) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            let (x, y) = ((i % width + 5 * phase) as f32, (i / width) as f32);
            let wave = 60.0 * (x / (7.0 + c as f32)).sin() + 40.0 * (y / (5.0 + c as f32)).cos();
            let grain = ((i * 2_654_435_761 + phase) >> 7) % 23;
            *byte = (115.0 + wave + grain as f32) as u8;
        }
    }
    out
}

/// A colour JPEG.
pub fn colour(size: (usize, usize), sampling: (usize, usize), quality: u8) -> Vec<u8> {
    frame(size, sampling, quality, 0)
}

/// A colour JPEG of the scene at `phase`.
pub fn frame(size: (usize, usize), sampling: (usize, usize), quality: u8, phase: usize) -> Vec<u8> {
    let picture = scene(PixelModel::Rgb, size.0, size.1, phase);
    jpeg::encode(&picture, quality, sampling).unwrap()
}

/// A progressive colour JPEG.
pub fn progressive(size: (usize, usize), quality: u8) -> Vec<u8> {
    let picture = scene(PixelModel::Rgb, size.0, size.1, 0);
    let (luma, chroma) = jpeg::grid::tables::ijg_pair(quality);
    let steps = [luma, chroma, chroma];
    jpeg::file::write::encode_by(
        &picture,
        &steps,
        (2, 2),
        jpeg::file::write::Quantiser::Trellis,
    )
    .unwrap()
}

/// A grey JPEG.
pub fn grey(size: (usize, usize), quality: u8) -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Grey, size.0, size.1, 0), quality, (1, 1)).unwrap()
}

/// A JPEG whose tables are no quality of libjpeg's: every step is another, some over 255.
pub fn odd_tables(size: (usize, usize), sampling: (usize, usize)) -> Vec<u8> {
    let steps = |base: usize| std::array::from_fn(|i| (base + 5 * i + i * i % 7) as u16);
    let picture = scene(PixelModel::Rgb, size.0, size.1, 0);
    jpeg::file::write::encode_with(&picture, &[steps(3), steps(9), steps(11)], sampling).unwrap()
}

/// The same without its Huffman tables, as MJPEG of cameras has it.
pub fn without_huffman_tables(jpeg: &[u8]) -> Vec<u8> {
    without(jpeg, &[0xC4])
}

/// The same without any tables, as pictures of abbreviated streams are behind the first.
pub fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    without(jpeg, &[0xC4, 0xDB])
}

/// Its tables alone.
pub fn tables_alone(jpeg: &[u8]) -> Vec<u8> {
    let rest = (0..=0xFF).filter(|code| ![0xC4, 0xDB].contains(code));
    let mut out = without(jpeg, &rest.collect::<Vec<u8>>());
    let end = out.windows(2).position(|pair| pair == [0xFF, 0xDA]);
    out.truncate(end.unwrap());
    out.extend([0xFF, 0xD9]);
    out
}

/// The same levels under Huffman tables of their own.
pub fn with_own_huffman_tables(picture: &[u8]) -> Vec<u8> {
    jpeg::write(&jpeg::read(picture, &ddrmjpeg::options::Limits::default()).unwrap()).unwrap()
}

/// The same with `bytes` in front of each segment.
pub fn with_junk(jpeg: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let mut at = 2;
    while jpeg[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        out.extend(bytes);
        out.extend(&jpeg[at..at + length]);
        at += length;
    }
    out.extend(&jpeg[at..]);
    out
}

/// The same as a file of a process that no decoder here knows: lossless.
pub fn lossless(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg.to_vec();
    let at = out.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    out[at.unwrap() + 1] = 0xC3;
    out
}

/// Without its segments of these codes, up to its first scan.
fn without(jpeg: &[u8], codes: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let mut at = 2;
    while jpeg[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if !codes.contains(&jpeg[at + 1]) {
            out.extend(&jpeg[at..at + length]);
        }
        at += length;
    }
    out.extend(&jpeg[at..]);
    out
}

/// The same three components as R, G and B: Adobe's marker with no transform.
pub fn as_adobe_rgb(jpeg: &[u8]) -> Vec<u8> {
    let mut adobe = vec![0xFF, 0xEE, 0, 14];
    adobe.extend(b"Adobe");
    adobe.extend([0, 100, 0, 0, 0, 0, 0]);
    // JFIF would say YCbCr.
    let bare = without(jpeg, &[0xE0]);
    [&bare[..2], &adobe, &bare[2..]].concat()
}

/// The same with an APP0 that says AVI1: 0 for a whole frame, 1 for odd lines, 2 for even.
pub fn as_field(jpeg: &[u8], polarity: u8) -> Vec<u8> {
    let app0 = [
        0xFF, 0xE0, 0, 16, b'A', b'V', b'I', b'1', polarity, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    [&jpeg[..2], &app0, &jpeg[2..]].concat()
}
