//! Reads an input: the levels of a JPEG, or the pixels of another picture.

use anyhow::{Result, bail};
use ddrmjpeg::degradation::{Bits, Degradation};
use ddrmjpeg::frame::{Picture, PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::segments::behind;
use ddrmjpeg::jpeg::segments::behind::Behind;
use ddrmjpeg::restore::{Report, Restored};
use ddrmjpeg::{Control, RestoreOptions, Restorer};

use crate::io::{banded, picture};

/// An input that has been read.
pub struct Input {
    /// Its picture.
    pub seen: Seen,
    /// Its metadata.
    pub metadata: Metadata,
    /// What lies behind it in its file.
    pub behind: Behind,
}

/// What an input turned out to hold.
pub enum Seen {
    /// A JPEG.
    Jpeg(Box<JpegFile>),
    /// A picture with few levels per channel.
    Banded(Planar8, Bits),
    /// A picture that once was a JPEG.
    Decoded(Planar8),
}

/// Reads the bytes of a file.
pub fn read(bytes: &[u8], was_jpeg: bool, options: &RestoreOptions) -> Result<Input> {
    let (seen, metadata) = match options.degradation {
        Degradation::Jpeg if !was_jpeg => return read_jpeg(bytes, options),
        Degradation::Jpeg => {
            let flag = banded::Flag::WasJpeg;
            let (picture, metadata) = banded::read(bytes, flag, &options.limits)?;
            (Seen::Decoded(picture), metadata)
        }
        Degradation::Quant(bits) => {
            let flag = banded::Flag::Quant;
            let (picture, metadata) = banded::read(bytes, flag, &options.limits)?;
            (Seen::Banded(picture, bits), metadata)
        }
        other => bail!("--degradation {other}: not of a picture that restore reads"),
    };
    Ok(Input {
        seen,
        metadata,
        behind: Behind::default(),
    })
}

fn read_jpeg(bytes: &[u8], options: &RestoreOptions) -> Result<Input> {
    if let Some(format) = picture::other_format(bytes) {
        bail!("a {format} file, not a JPEG: --was-jpeg is for what once was one");
    }
    let mut file = jpeg::read(bytes, &options.limits)?;
    Ok(Input {
        metadata: std::mem::take(&mut file.metadata),
        seen: Seen::Jpeg(Box::new(file)),
        behind: behind::look(bytes),
    })
}

/// The quality whose luma table is nearest to that of `file`, in words.
pub fn quality_found(file: &JpegFile) -> Option<String> {
    let steps = &file.components.first()?.steps;
    let found = tables::nearest_quality(&tables::BASE_LUMA, steps);
    let near = if found.exact { "" } else { "near " };
    Some(format!("{near}{}", found.quality))
}

impl Seen {
    /// Whether the picture, and so the restored one, is grey.
    pub fn is_grey(&self) -> bool {
        let model = match self {
            Self::Jpeg(file) => file.model,
            Self::Banded(picture, _) | Self::Decoded(picture) => picture.model,
        };
        model == PixelModel::Grey
    }

    /// The quality whose luma table is nearest to the input's, in words; `None` if it has none.
    pub fn quality_found(&self) -> Option<String> {
        let Self::Jpeg(file) = self else { return None };
        quality_found(file)
    }

    /// The restored picture.
    pub fn restore(
        &self,
        restorer: &Restorer,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> ddrmjpeg::Result<Restored> {
        match self {
            Self::Jpeg(file) => restorer.restore_file(file, options, control),
            Self::Banded(picture, bits) => {
                restorer.restore_levels(picture, *bits, options, control)
            }
            Self::Decoded(picture) => restorer.restore_decoded(picture, options, control),
        }
    }

    /// The same, not rounded.
    pub fn restore_unrounded(
        &self,
        restorer: &Restorer,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> ddrmjpeg::Result<(Picture, Report)> {
        match self {
            Self::Jpeg(file) => restorer.restore_unrounded(file, options, control),
            Self::Banded(picture, bits) => {
                restorer.restore_levels_unrounded(picture, *bits, options, control)
            }
            Self::Decoded(picture) => restorer.restore_decoded_unrounded(picture, options, control),
        }
    }
}
