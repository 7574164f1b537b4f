//! What an element needs from the core: an opened model, and the frames of one stream restored by
//! it. These are traits, so that tests can replace the core.
//!
//! Called by the elements; models come from the registry.

use std::sync::{Arc, LazyLock};

use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::model::identity::Identity;
use ddrmjpeg::options::Preset;
use ddrmjpeg::restore::{FrameInfo, FrameTables, Layout, Restored, Stream};
use ddrmjpeg::{Control, Error, RestoreOptions, Restorer, Result};

/// An opened model.
pub trait FrameRestorer: Send + Sync {
    /// See [`Restorer::restore_frame`] and, for the other degradation, `restore_levels`.
    fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored>;

    /// See [`Restorer::restore_file_as`].
    fn restore_file(
        &self,
        file: &JpegFile,
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored>;

    /// See [`Restorer::precision`].
    fn precision(&self) -> Option<&'static str> {
        None
    }

    /// See [`Restorer::caution`].
    fn caution(&self) -> Option<&str> {
        None
    }

    /// A new stream; `None` for a core without streams, whose frames are restored one by one.
    fn stream(&self) -> Option<Box<dyn FrameStream>> {
        None
    }
}

/// What pixels a restored file is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Their layout.
    pub layout: Layout,
    /// Whether samples have 16 bits, of which `Restored::lower` are the lower ones.
    pub deep: bool,
}

/// The frames of one stream on one grid of blocks, in their order.
pub trait FrameStream: Send {
    /// As [`FrameRestorer::restore_frame`], for the next frame; in samples of 16 bits if `deep`.
    ///
    /// # Errors
    /// Those of the core.
    fn restore_frame(
        &mut self,
        frame: &Planar8,
        tables: &FrameInfo,
        deep: bool,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored>;

    /// As [`FrameRestorer::restore_file`], for the next frame.
    ///
    /// # Errors
    /// Those of the core.
    fn restore_file(
        &mut self,
        file: &JpegFile,
        output: Output,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored>;
}

impl FrameRestorer for Restorer {
    fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameInfo,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        match options.degradation {
            Degradation::Jpeg => Self::restore_frame(self, frame, tables, options, control),
            Degradation::Quant(bits) => self.restore_levels(frame, bits, options, control),
            other => Err(unknown(other)),
        }
    }

    fn restore_file(
        &self,
        file: &JpegFile,
        layout: Layout,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restore_file_as(file, layout, options, control)
    }

    fn precision(&self) -> Option<&'static str> {
        Self::precision(self)
    }

    fn caution(&self) -> Option<&str> {
        Self::caution(self)
    }

    fn stream(&self) -> Option<Box<dyn FrameStream>> {
        Some(Box::new(Self::stream(self)))
    }
}

/// A degradation of the core that the elements have no way for.
fn unknown(degradation: Degradation) -> Error {
    Error::Unsupported(format!("degradation = {degradation}: not of frames"))
}

impl FrameStream for Stream {
    fn restore_frame(
        &mut self,
        frame: &Planar8,
        tables: &FrameInfo,
        deep: bool,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        match (options.degradation, deep) {
            (Degradation::Jpeg, false) => {
                Self::restore_frame(self, frame, tables, options, control)
            }
            (Degradation::Jpeg, true) => self.restore_frame_deep(frame, tables, options, control),
            (Degradation::Quant(bits), false) => self.restore_levels(frame, bits, options, control),
            (Degradation::Quant(bits), true) => {
                self.restore_levels_deep(frame, bits, options, control)
            }
            (other, _) => Err(unknown(other)),
        }
    }

    fn restore_file(
        &mut self,
        file: &JpegFile,
        Output { layout, deep }: Output,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        match deep {
            true => self.restore_file_deep(file, layout, options, control),
            false => Self::restore_file(self, file, layout, options, control),
        }
    }
}

/// A stream whose frames are restored independently, in 8 bits.
struct OneByOne(Arc<dyn FrameRestorer>);

impl FrameStream for OneByOne {
    fn restore_frame(
        &mut self,
        frame: &Planar8,
        tables: &FrameInfo,
        _: bool,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.0.restore_frame(frame, tables, options, control)
    }

    fn restore_file(
        &mut self,
        file: &JpegFile,
        output: Output,
        options: &RestoreOptions,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.0.restore_file(file, output.layout, options, control)
    }
}

/// A new stream of `restorer`.
fn stream(restorer: &Arc<dyn FrameRestorer>) -> Box<dyn FrameStream> {
    let own = restorer.stream();
    own.unwrap_or_else(|| Box::new(OneByOne(restorer.clone())))
}

/// The frames of one stream, which may be restored by different models.
#[derive(Default)]
pub struct Frames {
    last: Option<(Arc<dyn FrameRestorer>, Box<dyn FrameStream>)>,
}

impl Frames {
    /// The stream of `restorer`; a new one if another model restored the last frame.
    pub fn by(&mut self, restorer: &Arc<dyn FrameRestorer>) -> &mut dyn FrameStream {
        self.last.take_if(|(last, _)| !Arc::ptr_eq(last, restorer));
        let begun = || (restorer.clone(), stream(restorer));
        &mut *self.last.get_or_insert_with(begun).1
    }
}

/// `file` as decoded, without any model.
///
/// # Errors
/// Those of the core.
pub fn decoded(file: &JpegFile, output: Output, options: &RestoreOptions) -> Result<Restored> {
    static PLAIN: LazyLock<Restorer> =
        LazyLock::new(|| Restorer::with_denoiser(Arc::new(Identity)));
    let options = options.clone().with_preset(Preset::Fast).with_strength(0.0);
    FrameStream::restore_file(
        &mut PLAIN.stream(),
        file,
        output,
        &options,
        Control::default(),
    )
}

/// Makes one call on a small picture, so that the first frame takes no longer than others, and a
/// device that cannot run the model fails now.
///
/// # Errors
/// Those of the core.
pub fn warm_up(restorer: &Restorer, options: &RestoreOptions) -> Result<()> {
    const SIDE_PX: usize = 64;
    let mut picture = Planar8::new(PixelModel::Rgb, SIDE_PX, SIDE_PX, (1, 1));
    for plane in &mut picture.planes {
        for (i, sample) in plane.data.iter_mut().enumerate() {
            *sample = (i % 251) as u8;
        }
    }
    let options = options
        .clone()
        .with_preset(Preset::Fast)
        .with_steps(Some(1))
        .with_samples(Some(1))
        .with_identity_gate(false)
        .with_strength(1.0);
    let tables = FrameTables::Quality(30).into();
    FrameRestorer::restore_frame(restorer, &picture, &tables, &options, Control::default())?;
    Ok(())
}
