//! From an input to what is written: pixels, turned if needed, or a JPEG.

use anyhow::{Result, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::restore::Report;
use ddrmjpeg::{Control, RestoreOptions, Restorer, jpeg};
use image::metadata::Orientation;

use crate::io::carry;
use crate::io::carry::{Orient, Wish};
use crate::io::format::Format;
use crate::io::picture;
use crate::restore::arguments::{HowArgs, OutQuality, OutTables};
use crate::restore::input::{Input, Seen};
use crate::restore::quality;

/// What to write, and what was done.
pub struct Output {
    content: Content,
    metadata: Metadata,
    /// What was done.
    pub report: Report,
    /// The quality of the JPEG, if it is written with one.
    pub quality: Option<u8>,
}

enum Content {
    Pixels(Planar8),
    Jpeg(Vec<u8>),
}

impl Output {
    /// The bytes of the file.
    pub fn bytes(&self, format: Format) -> Result<Vec<u8>> {
        match &self.content {
            Content::Pixels(pixels) => picture::encode(pixels, format, &self.metadata),
            Content::Jpeg(bytes) => Ok(jpeg::file::write::with_metadata(bytes, &self.metadata)),
        }
    }
}

/// Refuses combinations of flags that JPEG output cannot do, before anything is restored.
pub fn check_jpeg(how: &HowArgs, options: &RestoreOptions) -> Result<()> {
    let banded = matches!(options.degradation, Degradation::Quant(_));
    if how.tables == Some(OutTables::Source) {
        if banded || how.was_jpeg {
            bail!("--tables source: the inputs are not JPEG files and have no tables");
        }
        if how.compare {
            bail!("--tables source --compare: two pictures side by side have no levels");
        }
        if how.orient == Some(Orient::Apply) {
            bail!("--tables source --orient apply: levels stay in their blocks");
        }
    } else if banded && Wanted::of(how) == Wanted::Auto {
        bail!("--out-quality auto needs a JPEG as input to go by its size: give a quality instead");
    }
    Ok(())
}

/// The JPEG that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Source,
    Quality(u8),
    Auto,
}

impl Wanted {
    fn of(how: &HowArgs) -> Self {
        match (how.tables, how.out_quality) {
            (Some(OutTables::Source), _) => Self::Source,
            (Some(OutTables::Quality(quality)), _) => Self::Quality(quality),
            (None, Some(OutQuality::Fixed(quality))) => Self::Quality(quality),
            (None, Some(OutQuality::Auto) | None) => Self::Auto,
        }
    }
}

/// What one input is restored with.
pub struct Work<'a> {
    /// The flags as typed.
    pub how: &'a HowArgs,
    /// The options that they give.
    pub options: &'a RestoreOptions,
    /// The model.
    pub restorer: &'a Restorer,
    /// The output format.
    pub format: Format,
}

impl Work<'_> {
    /// Restores `input`.
    pub fn output(&self, input: Input, control: Control<'_>) -> Result<Output> {
        let seen = &input.seen;
        let wanted = Wanted::of(self.how);
        let wish = Wish {
            format: self.format,
            orient: self.how.orient,
            strip: self.how.strip,
            grey: seen.is_grey(),
            levels: wanted == Wanted::Source,
        };
        let carried = carry::prepare(input.metadata, &input.behind, wish);
        let mut out = match (self.format, wanted, seen) {
            (Format::Jpeg, Wanted::Source, Seen::Jpeg(file)) => {
                let (levels, report) =
                    self.restorer
                        .restore_to_levels(file, self.options, control)?;
                Output::new(Content::Jpeg(jpeg::write(&levels)?), report)
            }
            (Format::Jpeg, ..) => {
                let (pixels, report) = self.pixels(seen, carried.turn, control)?;
                let (bytes, quality) = match wanted {
                    Wanted::Quality(quality) => (jpeg::encode(&pixels, quality, (1, 1))?, quality),
                    _ => quality::automatic(&pixels, seen, &report)?,
                };
                let mut out = Output::new(Content::Jpeg(bytes), report);
                out.quality = Some(quality);
                out
            }
            _ => {
                let (pixels, report) = self.pixels(seen, carried.turn, control)?;
                Output::new(Content::Pixels(pixels), report)
            }
        };
        out.metadata = carried.metadata;
        out.report.notes.extend(carried.notes);
        Ok(out)
    }

    /// The restored picture, turned; with `--compare`, to the right of the input as decoded.
    fn pixels(
        &self,
        seen: &Seen,
        turn: Orientation,
        control: Control<'_>,
    ) -> Result<(Planar8, Report)> {
        let restored = seen.restore(self.restorer, self.options, control)?;
        let after = picture::turned(restored.frame, turn);
        if !self.how.compare {
            return Ok((after, restored.report));
        }
        let decode = self.options.clone().with_strength(0.0);
        let before = seen.restore(self.restorer, &decode, Control::default())?;
        let before = picture::turned(before.frame, turn);
        Ok((picture::side_by_side(&before, &after), restored.report))
    }
}

impl Output {
    fn new(content: Content, report: Report) -> Self {
        Self {
            content,
            metadata: Metadata::default(),
            report,
            quality: None,
        }
    }
}
