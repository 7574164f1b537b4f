//! The table of formats: for each its name, its extensions, what its files can hold, its encoder.
//!
//! Read by `Format` alone.

use anyhow::Result;
use ddrmjpeg::jpeg::file::Metadata;

use crate::io::format::Format;
use crate::io::picture::rows::EncodeRows;
use crate::io::picture::samples::{Colour, Depth, Pixels};
use crate::io::picture::{avif, bare, encode, jxl, rows};

/// All that the command knows of a format.
pub(super) struct Row {
    pub format: Format,
    /// Its name in messages.
    pub name: &'static str,
    /// Extensions of its files; the command itself names files by the first.
    pub extensions: &'static [&'static str],
    /// Grey pictures are written as grey.
    pub grey: bool,
    pub holds: Holds,
    /// How exact its samples can be; the first is what is written unless another is asked for.
    pub depths: &'static [Depth],
    /// What its samples are.
    pub colour: Colour,
    /// Whether files of it can be read here.
    pub read: bool,
    /// `None` for JPEG, which has an encoder of its own.
    pub encoder: Option<Encoder>,
    /// `None` where a file needs the whole picture.
    pub rows: Option<EncodeRows>,
}

/// Pixels and metadata to the bytes of a file.
#[derive(Clone, Copy)]
pub enum Encoder {
    /// The samples as they are.
    Exact(fn(Pixels, &Metadata) -> Result<Vec<u8>>),
    /// As near to them as a quality of 1..100 says; without one it is nearly lossless to the eye.
    Lossy(fn(Pixels, &Metadata, Option<u8>) -> Result<Vec<u8>>),
}

/// Which metadata files of a format can hold.
pub(super) struct Holds {
    pub exif: bool,
    pub icc: bool,
    pub xmp: Text,
    pub extended_xmp: bool,
    pub photoshop: bool,
    pub comments: Text,
    pub density: bool,
}

/// Which text files of a format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    None,
    Ascii,
    Utf8,
    Any,
}

impl Text {
    pub fn holds(self, bytes: &[u8]) -> bool {
        match self {
            Self::None => false,
            Self::Ascii => bytes.is_ascii(),
            Self::Utf8 => std::str::from_utf8(bytes).is_ok(),
            Self::Any => true,
        }
    }
}

/// Formats that hold nothing but pixels.
const BARE: Holds = Holds {
    exif: false,
    icc: false,
    xmp: Text::None,
    extended_xmp: false,
    photoshop: false,
    comments: Text::None,
    density: false,
};

/// The formats, in the order in which messages list them.
pub(super) const ROWS: &[Row] = &[
    Row {
        format: Format::Png,
        name: "PNG",
        extensions: &["png"],
        grey: true,
        holds: Holds {
            exif: true,
            icc: true,
            xmp: Text::Utf8,
            comments: Text::Any,
            density: true,
            ..BARE
        },
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(encode::as_png)),
        rows: Some(rows::as_png),
    },
    Row {
        format: Format::Tiff,
        name: "TIFF",
        extensions: &["tif", "tiff"],
        grey: true,
        holds: Holds {
            icc: true,
            xmp: Text::Any,
            photoshop: true,
            comments: Text::Ascii,
            density: true,
            ..BARE
        },
        depths: &[Depth::Eight, Depth::Sixteen, Depth::Float],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(encode::as_tiff)),
        rows: Some(rows::as_tiff),
    },
    Row {
        format: Format::WebP,
        name: "WebP",
        extensions: &["webp"],
        grey: false,
        holds: Holds {
            exif: true,
            icc: true,
            xmp: Text::Any,
            ..BARE
        },
        depths: &[Depth::Eight],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(encode::as_webp)),
        rows: None,
    },
    Row {
        format: Format::Avif,
        name: "AVIF",
        extensions: &["avif"],
        grey: true,
        holds: Holds {
            exif: true,
            icc: true,
            xmp: Text::Any,
            ..BARE
        },
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: false,
        encoder: Some(Encoder::Lossy(avif::as_avif)),
        rows: None,
    },
    Row {
        format: Format::Jxl,
        name: "JPEG XL",
        extensions: &["jxl"],
        grey: true,
        holds: Holds {
            exif: true,
            icc: true,
            xmp: Text::Any,
            ..BARE
        },
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: false,
        encoder: Some(Encoder::Exact(jxl::as_jxl)),
        rows: None,
    },
    Row {
        format: Format::Ppm,
        name: "PPM",
        extensions: &["ppm"],
        grey: false,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(bare::as_ppm)),
        rows: Some(rows::as_ppm),
    },
    Row {
        format: Format::Pgm,
        name: "PGM",
        extensions: &["pgm"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(bare::as_pgm)),
        rows: Some(rows::as_pgm),
    },
    Row {
        format: Format::Pnm,
        name: "PNM",
        extensions: &["pnm"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(bare::as_pnm)),
        rows: Some(rows::as_pnm),
    },
    Row {
        format: Format::Pam,
        name: "PAM",
        extensions: &["pam"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::Rgb,
        read: true,
        encoder: Some(Encoder::Exact(bare::as_pam)),
        rows: Some(rows::as_pam),
    },
    Row {
        format: Format::Pfm,
        name: "PFM",
        extensions: &["pfm"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Float],
        colour: Colour::Rgb,
        read: false,
        encoder: Some(Encoder::Exact(bare::as_pfm)),
        rows: Some(rows::as_pfm),
    },
    Row {
        format: Format::Y4m,
        name: "Y4M",
        extensions: &["y4m"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::YCbCr,
        read: false,
        encoder: Some(Encoder::Exact(bare::as_y4m)),
        rows: None,
    },
    Row {
        format: Format::RawRgb,
        name: "raw RGB",
        extensions: &["rgb"],
        grey: false,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen, Depth::Float],
        colour: Colour::Rgb,
        read: false,
        encoder: Some(Encoder::Exact(bare::as_rgb)),
        rows: Some(rows::as_rgb),
    },
    Row {
        format: Format::RawYuv,
        name: "raw YCbCr",
        extensions: &["yuv"],
        grey: true,
        holds: BARE,
        depths: &[Depth::Eight, Depth::Sixteen],
        colour: Colour::YCbCr,
        read: false,
        encoder: Some(Encoder::Exact(bare::as_planes)),
        rows: None,
    },
    Row {
        format: Format::Jpeg,
        name: "JPEG",
        extensions: &["jpg", "jpeg", "jpe", "jfif"],
        grey: true,
        holds: Holds {
            exif: true,
            icc: true,
            xmp: Text::Any,
            extended_xmp: true,
            photoshop: true,
            comments: Text::Any,
            density: true,
        },
        depths: &[Depth::Eight],
        colour: Colour::Rgb,
        read: true,
        encoder: None,
        rows: None,
    },
];
