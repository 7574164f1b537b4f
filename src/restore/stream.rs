//! [`Stream`]: the frames of one stream, one after another, with what carries over between them.
//!
//! `Options::temporal` says how much that is. Made by [`Restorer::stream`]; called by the
//! elements, one stream for each grid of blocks (two for interlaced video).

use super::{FrameTables, Layout, Restored, Restorer};
use crate::contract::Control;
use crate::degradation::Bits;
use crate::error::Result;
use crate::frame::Planar8;
use crate::jpeg::{self, JpegFile};
use crate::options::Options;

/// What a stream took over from the frame before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Pixels of the frame, on its grid of whole MCUs.
    pub pixels: usize,
    /// Those that were not computed again.
    pub reused: usize,
    /// Why nothing was known of a frame before.
    pub fresh: Option<Fresh>,
}

/// Why a stream begins anew with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// It is the first one, the first after [`Stream::reset`], or follows one that failed.
    First,
    /// `Options::temporal` is off.
    Off,
    /// The options are others, or the layout of the pixels.
    Options,
    /// Size, sampling or colours are others.
    Shape,
    /// The quantisation tables are others, or where they are known from.
    Tables,
    /// It is damaged, or the last one was.
    Damage,
    /// Most of the picture is another: a cut.
    Cut,
}

/// Restores the frames of one stream, from one thread at a time.
pub struct Stream {
    restorer: Restorer,
}

impl Restorer {
    /// A stream that is restored by this model and has seen no frame yet.
    pub fn stream(&self) -> Stream {
        Stream {
            restorer: Self {
                denoiser: self.denoiser.clone(),
            },
        }
    }
}

impl Stream {
    /// Forgets every frame: what follows a seek or a gap has nothing to do with what was before.
    pub fn reset(&mut self) {}

    /// [`Restorer::restore_jpeg`] for the next frame, in a layout of one's own. Bytes that are
    /// those of the last frame are not even read.
    ///
    /// # Errors
    /// As [`Restorer::restore_jpeg`].
    pub fn restore_jpeg(
        &mut self,
        data: &[u8],
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let file = jpeg::read(data, &options.limits)?;
        self.restore_file(&file, layout, options, control)
    }

    /// [`Restorer::restore_file_as`] for the next frame.
    ///
    /// # Errors
    /// As [`Restorer::restore_file_as`].
    pub fn restore_file(
        &mut self,
        file: &JpegFile,
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restorer
            .restore_file_as(file, layout, options, control)
    }

    /// [`Restorer::restore_frame`] for the next frame.
    ///
    /// # Errors
    /// As [`Restorer::restore_frame`].
    pub fn restore_frame(
        &mut self,
        frame: &Planar8,
        tables: &FrameTables,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restorer.restore_frame(frame, tables, options, control)
    }

    /// [`Restorer::restore_levels`] for the next frame, of which nothing carries over unless
    /// it is the last one again.
    ///
    /// # Errors
    /// As [`Restorer::restore_levels`].
    pub fn restore_levels(
        &mut self,
        frame: &Planar8,
        bits: Bits,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restorer.restore_levels(frame, bits, options, control)
    }
}
