//! Restores JPEG files, from their exact levels: to pixels, or to levels of the same tables.
//!
//! Encoder family and earlier saves decide what the picture is held to. The solving is
//! `restore`'s.

use super::{Layout, Report, Restored, Restorer, consistency, output};
use crate::contract::Control;
use crate::error::Result;
use crate::frame::Picture;
use crate::jpeg::origin::Family;
use crate::jpeg::{self, JpegFile, Observation, resaved};
use crate::options::Options;

const RESAVED: &str = "saved twice: the levels show an earlier, coarser JPEG, whose cells hold \
                       the picture instead";

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
        let (seen, picture, report) = self.solve_file(file, options, control)?;
        let frame = output::laid_out(&picture, &seen, layout);
        Ok(Restored { frame, report })
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
        let (_, picture, report) = self.solve_file(file, options, control)?;
        Ok((jpeg::requantise::requantised(file, &picture), report))
    }

    /// What a file makes known, the picture on its aligned grid, and what was done.
    fn solve_file(
        &self,
        file: &JpegFile,
        options: &Options,
        control: Control<'_>,
    ) -> Result<(Observation, Picture, Report)> {
        options.validate()?;
        let family = Family::of(file);
        // `strict` is about the levels that the file has.
        let first = match options.strict {
            true => None,
            false => resaved::first_save(file),
        };
        let mut seen = jpeg::observe::from_file(first.as_ref().unwrap_or(file));
        let (picture, mut report) = self.solve(&mut seen, family.slack(), options, control)?;
        if options.strict {
            let shown = output::picture(&picture, &seen);
            report.consistency = Some(consistency(&picture, &shown, &seen));
        }
        if first.is_some() {
            report.notes.push(RESAVED.into());
        }
        if let Some(damage) = &file.damage {
            report.notes.push(format!(
                "damaged: {}; {} of {} rows restored",
                damage.message,
                seen.intact_rows(),
                seen.height
            ));
        }
        report.resaved = first.is_some();
        report.family = Some(family);
        Ok((seen, picture, report))
    }
}
