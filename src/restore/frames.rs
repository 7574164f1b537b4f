//! Decoded pixels back to pictures: frames of a stream, and pictures that once were a JPEG.
//!
//! Finds where the tables come from and lays the frame on its grid; the rest is `restore`'s.

use super::{Report, Restored, Restorer, output};
use crate::contract::{Control, QuantSteps};
use crate::error::{Error, Result};
use crate::frame::{PixelModel, Planar8};
use crate::jpeg::estimate::{self, Estimate};
use crate::jpeg::{self, decoded, recover, tables};
use crate::options::Options;

/// Where a frame's quantisation tables are known from.
#[expect(
    clippy::large_enum_variant,
    reason = "one per frame, handed on by reference"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum FrameTables {
    /// IJG tables of this quality, 1..=100.
    Quality(u8),
    /// Tables read from the stream.
    Known {
        /// Steps of Y, natural order.
        luma: QuantSteps,
        /// Steps of Cb and Cr, natural order.
        chroma: QuantSteps,
    },
    /// To be found from the pixels.
    Estimate,
}

/// What was told from pixels alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// The luma table, its grid and its confidence.
    pub luma: Estimate,
    /// The chroma table, where the pixels show one.
    pub chroma: Option<Estimate>,
    /// Luma samples per chroma sample, where that was told or given.
    pub subsampling: Option<(usize, usize)>,
}

/// Tables of a frame, and how it is laid on its grid.
struct Found {
    luma: QuantSteps,
    chroma: QuantSteps,
    margin: (usize, usize),
    quality: Option<u8>,
    estimated: Option<Box<Estimated>>,
}

impl Found {
    fn of_quality(quality: u8) -> Self {
        let (luma, chroma) = tables::ijg_pair(quality);
        Self {
            quality: Some(quality),
            ..Self::of_tables(luma, chroma)
        }
    }

    fn of_tables(luma: QuantSteps, chroma: QuantSteps) -> Self {
        Self {
            luma,
            chroma,
            margin: (0, 0),
            quality: None,
            estimated: None,
        }
    }
}

impl Restorer {
    /// Restores a decoded frame: 8-bit YCbCr of any subsampling (full range, BT.601), grey or
    /// RGB, as a JPEG decoder put it out.
    ///
    /// Given tables go with the position and size that the decoder gave the frame; when they
    /// are to be estimated, it may have been cropped. When they cannot be told, the frame
    /// comes back unchanged with `restored: false` and a note.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Input`], [`Error::Limits`], [`Error::Backend`] or
    /// [`Error::Cancelled`].
    pub fn restore_frame(
        &self,
        frame: &Planar8,
        tables: &FrameTables,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let Some(found) = find_tables(frame, tables)? else {
            return Ok(unchanged(frame, "the quantisation tables cannot be told"));
        };
        let grown = frame.with_margin(found.margin);
        let seen = recover::from_margined(&grown, found.margin, &found.luma, &found.chroma)?;
        let (picture, mut report) = self.solve(&seen, options, control)?;
        report.quality = found.quality;
        report.estimated = found.estimated;
        if !report.measured.contains(&true) {
            report
                .notes
                .push("the pixels do not hold the levels of these tables".into());
        }
        let frame = output::like(&grown, &picture, &seen).without_margin(found.margin);
        Ok(Restored { frame, report })
    }

    /// Restores a picture that once was a JPEG, RGB or grey, of which only the pixels are
    /// left: it may have been cropped, but not scaled or otherwise changed.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the pixels do not tell the tables;
    /// [`Error::Options`], [`Error::Input`], [`Error::Backend`] or [`Error::Cancelled`].
    pub fn restore_decoded(
        &self,
        picture: &Planar8,
        options: &Options,
        control: Control<'_>,
    ) -> Result<Restored> {
        options.validate()?;
        let found = decoded::observe(picture)?.ok_or_else(|| {
            Error::Unsupported(
                "the pixels show no quantisation tables: not a JPEG once, or changed since, or \
                 of a quality near 100"
                    .into(),
            )
        })?;
        let (restored, mut report) = self.solve(&found.observation, options, control)?;
        report.quality = found.luma.quality();
        report.notes.extend(doubts(&found));
        report.estimated = Some(Box::new(Estimated {
            luma: found.luma,
            subsampling: found.chroma.as_ref().map(|chroma| chroma.subsampling),
            chroma: found.chroma.map(|chroma| chroma.estimate),
        }));
        let frame = output::picture(&restored, &found.observation);
        Ok(Restored {
            frame: frame.without_margin(found.margin),
            report,
        })
    }
}

/// What the user should know of an estimate.
fn doubts(found: &decoded::Decoded) -> Vec<String> {
    let mut notes = Vec::new();
    if found.luma.fill == estimate::Fill::Neighbours {
        notes.push(format!(
            "no libjpeg table fits: {} of 64 luma steps are told from the pixels, the others \
             follow their neighbours",
            found.luma.seen()
        ));
    }
    if found.chroma.is_none() && found.observation.model != PixelModel::Grey {
        notes.push("the chroma tables cannot be told: chroma is not held to any levels".into());
    }
    notes
}

/// `None` when the tables cannot be told.
fn find_tables(frame: &Planar8, tables: &FrameTables) -> Result<Option<Found>> {
    match tables {
        FrameTables::Quality(quality @ 1..=100) => Ok(Some(Found::of_quality(*quality))),
        FrameTables::Quality(quality) => {
            Err(Error::Options(format!("qf = {quality}: must be in 1..100")))
        }
        FrameTables::Known { luma, chroma } => {
            if luma.iter().chain(chroma).any(|&step| step == 0) {
                return Err(Error::Input("a quantisation step of 0".into()));
            }
            Ok(Some(Found::of_tables(*luma, *chroma)))
        }
        FrameTables::Estimate => {
            let plane = jpeg::recover::luma(frame)?;
            Ok(estimate::luma(&plane).and_then(|luma| lay_out(frame, luma)))
        }
    }
}

/// Chroma of an estimate, and a margin that puts all planes on their grids; `None` when no
/// margin does, which takes a crop within a chroma sample.
fn lay_out(frame: &Planar8, luma: Estimate) -> Option<Found> {
    let (fx, fy) = frame.subsampling;
    let least = ((8 - luma.offset.0) % 8, (8 - luma.offset.1) % 8);
    if !least.0.is_multiple_of(fx) || !least.1.is_multiple_of(fy) {
        return None;
    }
    let (margin, chroma) = find_chroma(frame, least).unzip();
    let nearest = tables::nearest_quality(&tables::BASE_LUMA, &luma.steps).quality;
    Some(Found {
        luma: luma.steps,
        chroma: chroma.as_ref().map_or_else(
            || tables::ijg(&tables::BASE_CHROMA, nearest),
            |chroma: &Estimate| chroma.steps,
        ),
        margin: margin.unwrap_or(least),
        quality: luma.quality(),
        estimated: Some(Box::new(Estimated {
            luma,
            chroma,
            subsampling: (frame.model == PixelModel::YCbCr).then_some(frame.subsampling),
        })),
    })
}

/// The first margin with which the chroma planes show a table.
fn find_chroma(frame: &Planar8, least: (usize, usize)) -> Option<((usize, usize), Estimate)> {
    let (fx, fy) = frame.subsampling;
    let (PixelModel::YCbCr, [_, cb, cr]) = (frame.model, frame.planes.as_slice()) else {
        return None;
    };
    (0..fx * fy).find_map(|n| {
        let margin = (least.0 + 8 * (n % fx), least.1 + 8 * (n / fx));
        let small = (margin.0 / fx, margin.1 / fy);
        let planes = [cb.with_margin(small), cr.with_margin(small)];
        let found = estimate::chroma([&planes[0], &planes[1]], (0, 0), estimate::BLUR)?;
        Some((margin, found))
    })
}

fn unchanged(frame: &Planar8, why: &str) -> Restored {
    Restored {
        frame: frame.clone(),
        report: Report {
            notes: vec![why.to_owned()],
            ..Report::default()
        },
    }
}
