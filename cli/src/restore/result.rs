//! From an input to what is written: pixels, turned if needed, or a JPEG.

use anyhow::{Result, bail};
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::frame::{Picture, Planar8};
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::restore::Report;
use ddrmjpeg::{Control, RestoreOptions, Restorer, jpeg};
use image::metadata::Orientation;

use crate::io::carry;
use crate::io::carry::{Orient, Wish};
use crate::io::format::Format;
use crate::io::picture;
use crate::io::picture::samples;
use crate::io::picture::samples::{Colour, Depth, Pixels};
use crate::page::detail::Detail;
use crate::restore::arguments::{HowArgs, OutQuality, OutTables};
use crate::restore::input::{Input, Seen};
use crate::restore::quality;

/// What to write, and what was done.
pub struct Output {
    content: Content,
    metadata: Metadata,
    /// The quality that was asked for, of a format that has one.
    wanted: Option<u8>,
    /// What was done.
    pub report: Report,
    /// The quality of the JPEG, if it is written with one.
    pub quality: Option<u8>,
    /// The quality of the input, in words, if it is a JPEG.
    pub found: Option<String>,
    /// What a page shows of it, if there is one.
    pub detail: Option<Detail>,
}

enum Content {
    Pixels(Planar8),
    Unrounded(Picture, Depth),
    Jpeg(Vec<u8>),
    /// Nothing: the file is written already.
    Written,
}

impl Output {
    /// What was written already, strip by strip.
    pub fn written(report: Report, found: Option<String>, notes: Vec<String>) -> Self {
        let mut out = Self::new(Content::Written, report);
        out.found = found;
        out.report.notes.extend(notes);
        out
    }

    /// Whether the file is written already.
    pub fn is_written(&self) -> bool {
        matches!(self.content, Content::Written)
    }

    /// The bytes of the file; none if it is written already.
    pub fn bytes(&self, format: Format) -> Result<Vec<u8>> {
        let pixels = match &self.content {
            Content::Pixels(picture) => Pixels::of(picture)?,
            Content::Unrounded(picture, depth) => {
                Pixels::of_unrounded(picture, *depth, format.colour())
            }
            Content::Jpeg(bytes) => {
                return Ok(jpeg::file::write::with_metadata(bytes, &self.metadata));
            }
            Content::Written => return Ok(Vec::new()),
        };
        picture::encode(pixels, format, &self.metadata, self.wanted)
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
pub enum Wanted {
    /// The levels of the input's own tables.
    Source,
    /// libjpeg's tables of this quality.
    Quality(u8),
    /// The quality that the size of the input allows.
    Auto,
}

impl Wanted {
    /// What was typed.
    pub fn of(how: &HowArgs) -> Self {
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
    /// Whether a page shows what was done.
    pub shown: bool,
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
                let bytes = jpeg::write(&levels)?;
                let shown = jpeg::file::pixels::decode(&bytes, &self.options.limits);
                let shown = shown?;
                let detail = self.detail(seen, carried.turn, || shown)?;
                let mut out = Output::new(Content::Jpeg(bytes), report);
                out.detail = detail;
                out
            }
            (Format::Jpeg, ..) => {
                let (pixels, report, detail) = self.pixels(seen, carried.turn, control)?;
                let (bytes, quality) = match wanted {
                    Wanted::Quality(quality) => (jpeg::encode(&pixels, quality, (1, 1))?, quality),
                    _ => quality::automatic(&pixels, seen, &report)?,
                };
                let mut out = Output::new(Content::Jpeg(bytes), report);
                out.quality = Some(quality);
                out.detail = detail;
                out
            }
            _ => {
                let mut out = self.picture(seen, carried.turn, control)?;
                out.wanted = match wanted {
                    Wanted::Quality(quality) => Some(quality),
                    _ => None,
                };
                out
            }
        };
        out.found = seen.quality_found();
        out.metadata = carried.metadata;
        out.report.notes.extend(carried.notes);
        Ok(out)
    }

    /// What is written of a picture: bytes of RGB are those of every other output, all else comes
    /// from the picture that is not rounded.
    fn picture(&self, seen: &Seen, turn: Orientation, control: Control<'_>) -> Result<Output> {
        let depth = self.format.depth(self.how.depth)?;
        if (depth, self.format.colour()) == (Depth::Eight, Colour::Rgb) {
            let (pixels, report, detail) = self.pixels(seen, turn, control)?;
            let mut out = Output::new(Content::Pixels(pixels), report);
            out.detail = detail;
            return Ok(out);
        }
        let (restored, report) = seen.restore_unrounded(self.restorer, self.options, control)?;
        let mut picture = samples::turned(restored, turn);
        let detail = self.detail(seen, turn, || samples::rounded(&picture))?;
        if self.how.compare {
            let decode = self.options.clone().with_strength(0.0);
            let (before, _) = seen.restore_unrounded(self.restorer, &decode, Control::default())?;
            picture = samples::side_by_side(&samples::turned(before, turn), &picture);
        }
        let mut out = Output::new(Content::Unrounded(picture, depth), report);
        out.detail = detail;
        Ok(out)
    }

    /// The restored picture, turned; with `--compare`, to the right of the input as decoded. Also
    /// what a page shows.
    fn pixels(
        &self,
        seen: &Seen,
        turn: Orientation,
        control: Control<'_>,
    ) -> Result<(Planar8, Report, Option<Detail>)> {
        let restored = seen.restore(self.restorer, self.options, control)?;
        let after = picture::turned(restored.frame, turn);
        let detail = self.detail(seen, turn, || after.clone())?;
        if !self.how.compare {
            return Ok((after, restored.report, detail));
        }
        let before = self.decoded(seen, turn)?;
        let both = picture::side_by_side(&before, &after);
        Ok((both, restored.report, detail))
    }

    /// The input as decoded, turned.
    fn decoded(&self, seen: &Seen, turn: Orientation) -> Result<Planar8> {
        let decode = self.options.clone().with_strength(0.0);
        let before = seen.restore(self.restorer, &decode, Control::default())?;
        Ok(picture::turned(before.frame, turn))
    }

    /// What a page shows of a picture, restored to `after`.
    fn detail(
        &self,
        seen: &Seen,
        turn: Orientation,
        after: impl FnOnce() -> Planar8,
    ) -> Result<Option<Detail>> {
        if !self.shown {
            return Ok(None);
        }
        let before = self.decoded(seen, turn)?;
        Detail::of(&before, &after()).map(Some)
    }
}

impl Output {
    fn new(content: Content, report: Report) -> Self {
        Self {
            content,
            metadata: Metadata::default(),
            wanted: None,
            report,
            quality: None,
            found: None,
            detail: None,
        }
    }
}
