//! The boxes of an AVIF file (AVIF 1.1, ISO 23008-12) around one frame of AV1: what the picture is,
//! and EXIF, XMP and ICC beside it. The crate avif-serialize has no place for the last two.

use ddrmjpeg::jpeg::file::Metadata;
use image::metadata::Orientation;
use rav1e::prelude::{ChromaSampling, EncoderConfig};

use crate::io::carry::exif;
use crate::io::picture::boxes::{boxed, full_box};

/// Something in the file: the picture is the first.
struct Item {
    kind: &'static [u8; 4],
    /// What `mime` items are.
    content: &'static [u8],
    bytes: Vec<u8>,
}

/// The bytes of the file.
pub fn bytes(frame: &[u8], config: &EncoderConfig, metadata: &Metadata) -> Vec<u8> {
    let items = items(frame, metadata);
    let head = boxed(b"ftyp", &[b"avif\0\0\0\0avifmif1miaf"]);
    let sizes: usize = items.iter().map(|item| item.bytes.len()).sum();
    let properties = properties(config, metadata);
    // The places of the items depend on the size of the box that states them.
    let first = meta(&items, 0, &properties).len() + head.len() + 8;
    let mut out = Vec::with_capacity(first + sizes);
    out.extend(head);
    out.extend(meta(&items, first, &properties));
    let data: Vec<_> = items.iter().map(|item| item.bytes.as_slice()).collect();
    out.extend(boxed(b"mdat", &data));
    out
}

fn items(frame: &[u8], metadata: &Metadata) -> Vec<Item> {
    let mut items = vec![Item {
        kind: b"av01",
        content: b"",
        bytes: frame.to_vec(),
    }];
    if let Some(tiff) = &metadata.exif {
        items.push(Item {
            kind: b"Exif",
            content: b"",
            // Where the TIFF header is.
            bytes: [&[0; 4], tiff.as_slice()].concat(),
        });
    }
    if let Some(xmp) = &metadata.xmp {
        items.push(Item {
            kind: b"mime",
            content: b"application/rdf+xml\0",
            bytes: xmp.clone(),
        });
    }
    items
}

fn meta(items: &[Item], first: usize, properties: &[u8]) -> Vec<u8> {
    let handler = full_box(b"hdlr", 0, &[b"\0\0\0\0pict", &[0; 13]]);
    let primary = full_box(b"pitm", 0, &[&[0, 1]]);
    full_box(
        b"meta",
        0,
        &[
            &handler,
            &primary,
            &locations(items, first),
            &infos(items),
            &references(items),
            properties,
        ],
    )
}

/// Items are numbered from 1 on.
fn number(index: usize) -> [u8; 2] {
    (index as u16 + 1).to_be_bytes()
}

fn locations(items: &[Item], first: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut place = first;
    for (i, item) in items.iter().enumerate() {
        out.extend(number(i));
        out.extend([0, 0, 0, 1]); // in this file, in one piece
        out.extend((place as u32).to_be_bytes());
        out.extend((item.bytes.len() as u32).to_be_bytes());
        place += item.bytes.len();
    }
    // Places and lengths have four bytes.
    full_box(b"iloc", 0, &[&[0x44, 0, 0, items.len() as u8], &out])
}

fn infos(items: &[Item]) -> Vec<u8> {
    let info = |(i, item): (usize, &Item)| {
        let parts: [&[u8]; 5] = [&number(i), &[0, 0], item.kind, &[0], item.content];
        full_box(b"infe", 2, &parts)
    };
    let infos: Vec<u8> = items.iter().enumerate().flat_map(info).collect();
    full_box(b"iinf", 0, &[&[0, items.len() as u8], &infos])
}

/// All others describe the first.
fn references(items: &[Item]) -> Vec<u8> {
    let describes = |i: usize| boxed(b"cdsc", &[&number(i), &[0, 1, 0, 1]]);
    let all: Vec<u8> = (1..items.len()).flat_map(describes).collect();
    match all.is_empty() {
        true => all,
        false => full_box(b"iref", 0, &[&all]),
    }
}

/// What the picture is: boxes, and which of them a reader has to understand.
fn properties(config: &EncoderConfig, metadata: &Metadata) -> Vec<u8> {
    const ESSENTIAL: u8 = 0x80;
    let grey = config.chroma_sampling == ChromaSampling::Cs400;
    let channels = if grey { 1 } else { 3 };
    let depth = config.bit_depth as u8;
    let size = [config.width as u32, config.height as u32].map(u32::to_be_bytes);
    let mut found = vec![
        (full_box(b"ispe", 0, &[size.as_flattened()]), 0),
        (
            full_box(b"pixi", 0, &[&[channels], &vec![depth; channels.into()]]),
            0,
        ),
        (boxed(b"av1C", &[&configuration(grey, depth)]), ESSENTIAL),
    ];
    if let Some(icc) = &metadata.icc {
        found.push((boxed(b"colr", &[b"prof", icc]), 0));
    }
    // BT.709's primaries, the curve of sRGB, BT.601's matrix, full range. A profile says more.
    let known = if metadata.icc.is_some() {
        [2, 2]
    } else {
        [1, 13]
    };
    let colour = [0, known[0], 0, known[1], 0, 6, 0x80];
    found.push((boxed(b"colr", &[b"nclx", &colour]), 0));
    let turn = exif::orientation(metadata.exif.as_deref().unwrap_or_default());
    let (angle, axis) = turns(turn);
    found.extend(angle.map(|angle| (boxed(b"irot", &[&[angle]]), ESSENTIAL)));
    found.extend(axis.map(|axis| (boxed(b"imir", &[&[axis]]), ESSENTIAL)));
    let boxes: Vec<u8> = found.iter().flat_map(|(bytes, _)| bytes).copied().collect();
    let numbers = found.iter().zip(1u8..);
    let numbers: Vec<u8> = numbers.map(|((_, need), i)| need | i).collect();
    let of_picture = [&[0, 0, 0, 1, 0, 1, numbers.len() as u8], numbers.as_slice()];
    boxed(
        b"iprp",
        &[
            &boxed(b"ipco", &[&boxes]),
            &full_box(b"ipma", 0, &of_picture),
        ],
    )
}

/// AV1's own summary of the stream: version 1, profile, any level, depth and sampling.
fn configuration(grey: bool, depth: u8) -> [u8; 4] {
    let profile = if grey { 0 } else { 1 };
    let deep = u8::from(depth > 8) << 6;
    let (mono, subsampled) = if grey { (1 << 4, 0b1100) } else { (0, 0) };
    [0x81, profile << 5 | 31, deep | mono | subsampled, 0]
}

/// Readers of AVIF go by these, not by EXIF: quarter turns to the left, and then the axis to mirror
/// at, 0 across and 1 upright.
fn turns(orientation: Orientation) -> (Option<u8>, Option<u8>) {
    match orientation {
        Orientation::NoTransforms => (None, None),
        Orientation::FlipHorizontal => (None, Some(1)),
        Orientation::Rotate180 => (Some(2), None),
        Orientation::FlipVertical => (None, Some(0)),
        Orientation::Rotate90FlipH => (Some(1), Some(0)),
        Orientation::Rotate90 => (Some(3), None),
        Orientation::Rotate270FlipH => (Some(3), Some(0)),
        Orientation::Rotate270 => (Some(1), None),
    }
}
