//! Restores JPEG files, from their exact levels: to pixels, or to levels of the same tables.
//!
//! Encoder family and earlier saves decide what the picture is held to. The solving is
//! `restore`'s.

use std::sync::Arc;

use crate::assumed_quality::AssumedQuality;
use crate::contract::Control;
use crate::error::Result;
use crate::frame::{Picture, PixelModel, Planar8};
use crate::jpeg;
use crate::jpeg::file::Damage;
use crate::jpeg::file::ink::Ink;
use crate::jpeg::file::origin::Family;
use crate::jpeg::recover::resaved::FirstSave;
use crate::jpeg::{JpegFile, Observation};
use crate::options::Options;
use crate::restore::{Layout, Report, Restored, Restorer, consistency};
use crate::solve::output;
use crate::stream::Solved;

/// What the user is told of a file that was saved twice.
fn resaved_note(first: &FirstSave) -> String {
    let of = match first.table() {
        Some(table) => format!(" of {table}"),
        None => String::new(),
    };
    format!(
        "saved twice: the levels show an earlier, coarser JPEG{of}, whose cells hold the picture instead"
    )
}

impl Restorer {
    /// Restores the bytes of a JPEG file.
    ///
    /// # Errors
    /// Those of [`jpeg::read()`] and of [`Self::restore_file`].
    pub fn restore_jpeg(
        &self,
        data: &[u8],
        options: &Options,
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
        options: &Options,
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
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        self.restore_file_onto(None, file, layout, options, control)
    }

    /// The same; `last` is the frame that the last picture of the stream became, so laid out.
    pub(crate) fn restore_file_onto(
        &self,
        last: Option<Planar8>,
        file: &JpegFile,
        layout: Layout,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        let (mut seen, mut solved) = self.solve_file(file, options, control)?;
        if let Some(ink) = &file.ink {
            self.darken(ink, &mut solved, options, control)?;
            seen.model = PixelModel::Rgb;
        }
        let picture = &*solved.picture;
        let frame = match (last, &solved.changed) {
            (Some(last), Some(changed)) => {
                output::laid_out_again(last, picture, &seen, layout, changed)
            }
            _ => output::laid_out(picture, &seen, layout),
        };
        Ok(Restored {
            frame,
            report: solved.report,
        })
    }

    /// Restores a JPEG to the levels of its own tables and sampling: with `strict`, the levels
    /// that it has. Its markers are kept; EXIF and ICC go where the caller writes them.
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub fn restore_to_levels(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(JpegFile, Report)> {
        let (_, mut solved) = self.solve_file(file, options, control)?;
        let mut levels = jpeg::file::requantise::requantised(file, &solved.picture);
        if let Some(ink) = &mut levels.ink {
            let black = self.black(ink, &mut solved.report, options, control)?;
            *ink.black = jpeg::file::requantise::requantised(&ink.black, &black);
        }
        Ok((levels, solved.report))
    }

    /// The black of a file, restored as the grey picture that it is.
    fn black(
        &self,
        ink: &Ink,
        report: &mut Report,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Arc<Picture>> {
        let (_, black) = self.solve_file(&ink.black, options, control)?;
        report.restored |= black.report.restored;
        report.network_calls += black.report.network_calls;
        report.measured.extend(black.report.measured);
        report.departures = report.departures.and(&black.report.departures);
        for note in black.report.notes {
            if !report.notes.contains(&note) {
                report.notes.push(note);
            }
        }
        Ok(black.picture)
    }

    /// Puts black over the other three components.
    fn darken(
        &self,
        ink: &Ink,
        solved: &mut Solved,
        options: &Options,
        control: Control<'_>,
    ) -> Result<()> {
        let black = self.black(ink, &mut solved.report, options, control)?;
        solved.picture = Arc::new(ink.over(&solved.picture, &black));
        solved.changed = None;
        Ok(())
    }

    /// What a file makes known, and the picture on its aligned grid.
    fn solve_file(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(Observation, Solved)> {
        options.validate()?;
        let family = Family::of(file);
        // Levels of which bits are missing are multiples of a larger step too.
        let whole = file.damage.as_ref().is_none_or(Damage::is_empty);
        let first = match whole && looks_for_earlier_saves(options) {
            true => self.first_save(file),
            false => None,
        };
        let mut seen = match &first {
            Some(first) => first.observation(),
            None => jpeg::grid::from_levels(file),
        };
        let mut solved = self.solve(&mut seen, family.slack(), options, control)?;
        let report = &mut solved.report;
        if options.strict {
            let shown = output::picture(&solved.picture, &seen);
            report.consistency = Some(consistency(&solved.picture, &shown, &seen));
        }
        if let Some(first) = &first {
            report.notes.push(resaved_note(first));
        }
        if let Some(damage) = &file.damage {
            report.notes.push(damage.describe(file.height));
        }
        report.resaved = first.is_some();
        report.family = Some(family);
        Ok((seen, solved))
    }
}

/// Whether an earlier save counts: `strict` is about the levels that the file has, and the caller
/// may say what the damage is to be taken for.
fn looks_for_earlier_saves(options: &Options) -> bool {
    !options.strict && options.assume_quality == AssumedQuality::Auto
}
