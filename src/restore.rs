//! [`Restorer`]: an opened model that restores files, frames and streams.
//!
//! The library's front door, and nothing else: `model` opens the prior, `source` sees what there is,
//! `solve` makes the picture, `stream` remembers.

use std::sync::Arc;

use crate::contract::{Control, Denoiser};
use crate::degradation::Bits;
use crate::error::Result;
use crate::frame::{Orientation, Picture, Planar8};
use crate::jpeg;
use crate::jpeg::JpegFile;
use crate::jpeg::file::packed::PackedFile;
use crate::model;
use crate::options::{ModelOptions, RestoreOptions};
use crate::solve::{Alone, Request};
use crate::source;

pub use crate::report::{
    Carried, Consistency, Estimated, Fresh, Gate, Report, Restored, TablesFrom,
};
pub use crate::solve::output::Layout;
pub use crate::source::frame::{FrameInfo, FrameTables};
pub use crate::stream::Stream;

/// An opened model. Restores any number of pictures, from any thread.
pub struct Restorer {
    denoiser: Arc<dyn Denoiser>,
}

impl Restorer {
    /// Opens the model that `options` name, on the device and in the arithmetic they name.
    ///
    /// # Errors
    /// [`crate::Error::Options`], [`crate::Error::Io`], [`crate::Error::Checkpoint`] or
    /// [`crate::Error::Backend`].
    pub fn open(options: &ModelOptions) -> Result<Self> {
        options.validate()?;
        Ok(Self {
            denoiser: model::open::open(options)?,
        })
    }

    /// A restorer on a prior of one's own.
    pub fn with_denoiser(denoiser: Arc<dyn Denoiser>) -> Self {
        Self { denoiser }
    }

    /// A stream that is restored by this model and has seen no frame yet.
    pub fn stream(&self) -> Stream {
        Stream::new(Arc::clone(&self.denoiser))
    }

    /// What the user of the model should know once, such as an arithmetic that this machine
    /// gets wrong and that is not used for that reason.
    pub fn caution(&self) -> Option<&str> {
        self.denoiser.facts().caution.as_deref()
    }

    /// The arithmetic inside the network, as a word (`bf16`, `f16`, `f32`), if the machine decides
    /// on it.
    pub fn precision(&self) -> Option<&'static str> {
        self.denoiser.facts().precision
    }

    /// Restores the bytes of a JPEG file.
    ///
    /// # Errors
    /// Those of [`jpeg::read()`] and of [`Self::restore_file`].
    pub fn restore_jpeg(
        &self,
        data: &[u8],
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        let file = jpeg::read(data, &options.limits)?;
        self.restore_file(&file, options, control)
    }

    /// Restores a JPEG that has been read. The result is RGB, or grey for a grey file.
    ///
    /// # Errors
    /// [`crate::Error::Options`], [`crate::Error::Backend`] or [`crate::Error::Cancelled`].
    pub fn restore_file(
        &self,
        file: &JpegFile,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restore_file_as(file, Layout::AsFile, options, control)
    }

    /// [`Self::restore_file`] with the pixels in a layout of one's own.
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub fn restore_file_as(
        &self,
        file: &JpegFile,
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let request = Request { options, control };
        source::file::restore(&mut self.alone(), file, (layout, None), request)
    }

    /// Restores a JPEG to a picture that is not rounded to 8 bits: `[3, H, W]`, or `[1, H, W]` for a
    /// grey file, in `[-1, 1]` but for what lies beyond black and white. Rounded, it is what
    /// [`Self::restore_file`] returns; [`Picture::interleaved16`] makes 16 bits of it.
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub fn restore_unrounded(
        &self,
        file: &JpegFile,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        options.validate()?;
        source::file::unrounded(&mut self.alone(), file, Request { options, control })
    }

    /// Whether [`Self::restore_in_strips`] can do with this model what `options` ask for: in one
    /// call, by a network that looks no further than a halo.
    pub fn can_restore_in_strips(&self, options: &RestoreOptions) -> bool {
        source::strips::can_restore(&*self.denoiser, options)
    }

    /// Restores a large JPEG to RGB, or grey for a grey file, turned as `orientation` says. Strips
    /// of it, as wide as the result, go to `write` from the top to the bottom; an error of `write`
    /// ends the work.
    ///
    /// The pixels are those of [`Self::restore_file`] in the same tiles. What that decides by the
    /// whole picture is decided here by a sample of it.
    ///
    /// # Errors
    /// As [`Self::restore_file`]; [`crate::Error::Options`] if [`Self::can_restore_in_strips`] says
    /// no; those of `write`.
    pub fn restore_in_strips(
        &self,
        file: &PackedFile,
        orientation: Orientation,
        options: &RestoreOptions,
        control: Control<'_>,
        write: &mut dyn FnMut(Planar8) -> Result<()>,
    ) -> Result<Report> {
        options.validate()?;
        let request = Request { options, control };
        source::strips::restore(&*self.denoiser, file, orientation, request, write)
    }

    /// [`Self::restore_in_strips`] to pictures that are not rounded, as
    /// [`Self::restore_unrounded`] returns them.
    ///
    /// # Errors
    /// As [`Self::restore_in_strips`].
    pub fn restore_in_strips_unrounded(
        &self,
        file: &PackedFile,
        orientation: Orientation,
        options: &RestoreOptions,
        control: Control<'_>,
        write: &mut dyn FnMut(Picture) -> Result<()>,
    ) -> Result<Report> {
        options.validate()?;
        let request = Request { options, control };
        source::strips::restore(&*self.denoiser, file, orientation, request, write)
    }

    /// Restores a JPEG to the levels of its own tables and sampling: with `strict`, the levels
    /// that it has. Its markers are kept; EXIF and ICC go where the caller writes them.
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub fn restore_to_levels(
        &self,
        file: &JpegFile,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<(JpegFile, Report)> {
        options.validate()?;
        source::file::to_levels(&mut self.alone(), file, Request { options, control })
    }

    /// Restores a decoded frame: 8-bit YCbCr of any subsampling (full range, BT.601), grey or
    /// RGB, as a JPEG decoder put it out, at the position and size that the decoder gave it.
    ///
    /// If the tables are to be estimated and cannot be told, the frame comes back
    /// unchanged with `restored: false` and a note.
    ///
    /// # Errors
    /// [`crate::Error::Options`], [`crate::Error::Input`], [`crate::Error::Limits`],
    /// [`crate::Error::Backend`] or [`crate::Error::Cancelled`].
    pub fn restore_frame(
        &self,
        frame: &Planar8,
        info: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let request = Request { options, control };
        source::frame::restore(&mut self.alone(), frame, info, request)
    }

    /// Restores a picture that once was a JPEG, RGB or grey, of which only the pixels are
    /// left: it may have been cropped, but not scaled or otherwise changed.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] when the pixels do not tell the tables;
    /// [`crate::Error::Options`], [`crate::Error::Input`], [`crate::Error::Backend`] or
    /// [`crate::Error::Cancelled`].
    pub fn restore_decoded(
        &self,
        picture: &Planar8,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let seen = source::estimated::see_decoded(picture)?;
        let request = Request { options, control };
        source::restore(&mut self.alone(), seen, None, request)
    }

    /// [`Self::restore_frame`] for a frame that is RGB or grey, with a picture that is not rounded,
    /// as [`Self::restore_unrounded`] returns it.
    ///
    /// # Errors
    /// As [`Self::restore_frame`]; [`crate::Error::Unsupported`] for YCbCr.
    pub fn restore_frame_unrounded(
        &self,
        frame: &Planar8,
        info: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        options.validate()?;
        let request = Request { options, control };
        source::frame::unrounded(&mut self.alone(), frame, info, request)
    }

    /// [`Self::restore_decoded`] with a picture that is not rounded, as
    /// [`Self::restore_unrounded`] returns it.
    ///
    /// # Errors
    /// As [`Self::restore_decoded`].
    pub fn restore_decoded_unrounded(
        &self,
        picture: &Planar8,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        options.validate()?;
        let seen = source::estimated::see_decoded(picture)?;
        source::unrounded(&mut self.alone(), seen, Request { options, control })
    }

    /// Restores a picture of which only `bits` per channel were kept, wherever in its bin each
    /// level is shown. RGB or grey, of any size; the result has the same layout, and, unless
    /// the preset is `paper`, the same levels.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for YCbCr, whose conversion has lost the levels;
    /// [`crate::Error::Options`], [`crate::Error::Backend`] or [`crate::Error::Cancelled`].
    pub fn restore_levels(
        &self,
        picture: &Planar8,
        bits: Bits,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        source::banded::restore(&*self.denoiser, picture, bits, Request { options, control })
    }

    /// [`Self::restore_levels`] to a picture that is not rounded, as [`Self::restore_unrounded`] gives
    /// it.
    ///
    /// # Errors
    /// As [`Self::restore_levels`].
    pub fn restore_levels_unrounded(
        &self,
        picture: &Planar8,
        bits: Bits,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<(Picture, Report)> {
        options.validate()?;
        let request = Request { options, control };
        source::banded::unrounded(&*self.denoiser, picture, bits, request)
    }

    fn alone(&self) -> Alone<'_> {
        Alone(&*self.denoiser)
    }
}
