//! Pictures of which only pixels are left: frames of a stream whose tables nobody knows, and
//! pictures that once were a JPEG.
//!
//! The estimate is `jpeg::recover`'s; here it lays the picture on its grid. It is kept for the
//! frames that follow as long as they agree.

use std::sync::Arc;

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::{Orientation, PixelModel, Planar8, Plane8};
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::tables;
use crate::jpeg::recover;
use crate::jpeg::recover::estimate;
use crate::jpeg::recover::estimate::Estimate;
use crate::jpeg::recover::{comb_fit, decoded};
use crate::report::{Estimated, Report, TablesFrom};
use crate::source::{Out, Seen, on_its_grid};

/// A decoded frame by what its pixels, or those of an earlier frame of its stream, show.
///
/// # Errors
/// [`Error::Input`] when the planes do not have the sizes that the model says.
pub(crate) fn see(frame: &Planar8, told: Arc<Estimated>) -> Result<Seen<'_>> {
    let (margin, orientation) = (told.margin, told.orientation);
    let grown = on_its_grid(frame, margin, orientation);
    let observation =
        recover::from_margined(&grown, margin, &told.luma.steps, &told.chroma_steps())?;
    Ok(Seen {
        observation,
        slack: Slack::ROUNDING,
        origin: Report {
            quality: told.luma.quality(),
            tables_from: Some(TablesFrom::Pixels),
            orientation,
            estimated: Some(told),
            ..Report::default()
        },
        out: Out::Pixels {
            frame: Some(grown),
            margin,
            orientation,
        },
    })
}

/// A picture that once was a JPEG, RGB or grey: it may have been cropped, but not scaled or
/// otherwise changed.
///
/// # Errors
/// [`Error::Unsupported`] if the pixels do not show the tables; [`Error::Input`].
pub(crate) fn see_decoded(picture: &Planar8) -> Result<Seen<'static>> {
    let (found, orientation) = observe(picture)?;
    let found = found.ok_or_else(|| {
        Error::Unsupported(
            "the pixels show no quantisation tables: not a JPEG once, or changed since, or \
             of a quality near 100"
                .into(),
        )
    })?;
    let (notes, margin) = (doubts(&found), found.margin);
    Ok(Seen {
        observation: found.observation,
        slack: Slack::ROUNDING,
        origin: Report {
            quality: found.luma.quality(),
            orientation,
            notes,
            estimated: Some(Arc::new(Estimated {
                luma: found.luma,
                subsampling: found.chroma.as_ref().map(|chroma| chroma.subsampling),
                chroma: found.chroma.map(|chroma| chroma.estimate),
                margin,
                orientation,
            })),
            ..Report::default()
        },
        out: Out::Pixels {
            frame: None,
            margin,
            orientation,
        },
    })
}

/// Rows and columns have changed places.
const TRANSPOSED: Orientation = Orientation {
    transposed: true,
    mirrored_x: false,
    mirrored_y: false,
};

/// What `picture` shows of the JPEG that it was, as it is or transposed. A table of libjpeg's decides:
/// none is another one transposed. Mirroring moves the grid and keeps the table.
fn observe(picture: &Planar8) -> Result<(Option<decoded::Decoded>, Orientation)> {
    let quality = |found: &Option<decoded::Decoded>| found.as_ref().and_then(|f| f.luma.quality());
    let upright = decoded::observe(picture)?;
    if quality(&upright).is_some() {
        return Ok((upright, Orientation::default()));
    }
    let transposed = decoded::observe(&TRANSPOSED.inverse().picture(picture))?;
    let better = quality(&transposed).is_some() || upright.is_none();
    Ok(match better && transposed.is_some() {
        true => (transposed, TRANSPOSED),
        false => (upright, Orientation::default()),
    })
}

/// The same for a frame, whose chroma also shows mirrored sides of odd lengths.
pub(crate) fn tell(frame: &Planar8) -> Result<Option<Estimated>> {
    let quality = |told: &Option<Estimated>| told.as_ref().and_then(|told| told.luma.quality());
    let upright = tell_as(frame, Orientation::default())?;
    if quality(&upright).is_some() {
        return Ok(upright);
    }
    let transposed = tell_as(frame, TRANSPOSED)?;
    let better = quality(&transposed).is_some() || upright.is_none();
    Ok(if better {
        transposed.or(upright)
    } else {
        upright
    })
}

/// What `frame` shows once `orientation`, transposed or not, is undone.
fn tell_as(frame: &Planar8, orientation: Orientation) -> Result<Option<Estimated>> {
    let turned = orientation.inverse().picture(frame);
    let Some(luma) = estimate::luma(&recover::luma(&turned)?) else {
        return Ok(None);
    };
    let size = (turned.width(), turned.height());
    let mirrors = Orientation::all().filter(|mirror| !mirror.transposed);
    let laid_out = mirrors.map(|mirror| {
        let side = |mirrored: bool, side: usize, first: usize| match mirrored {
            true => (side + 8 - first) % 8,
            false => first,
        };
        let luma = Estimate {
            offset: (
                side(mirror.mirrored_x, size.0, luma.offset.0),
                side(mirror.mirrored_y, size.1, luma.offset.1),
            ),
            ..luma.clone()
        };
        let told = lay_out(&mirror.inverse().picture(&turned), luma)?;
        // Mirrored before it was transposed is mirrored the other way after.
        let (x, y) = orientation.size((mirror.mirrored_x, mirror.mirrored_y));
        Some(Estimated {
            orientation: Orientation {
                transposed: orientation.transposed,
                mirrored_x: x,
                mirrored_y: y,
            },
            ..told
        })
    });
    Ok(laid_out.flatten().next())
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

impl Estimated {
    /// Whether nothing in `frame` contradicts that it was made with these tables, on this grid.
    /// A look at some of its blocks: a small part of what an estimate costs.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when the planes do not have the sizes that the model says.
    #[doc(hidden)]
    pub fn still_holds(&self, frame: &Planar8) -> Result<bool> {
        let frame = &*on_its_grid(frame, (0, 0), self.orientation);
        if self.subsampling != subsampling(frame) {
            return Ok(false);
        }
        let luma = recover::luma(frame)?;
        if !comb_fit::of_bytes(&luma, self.luma.offset, &self.luma.steps).is_of_this_table() {
            return Ok(false);
        }
        let (fx, fy) = frame.subsampling;
        let first = |margin: usize, factor: usize| (8 - margin / factor % 8) % 8;
        let offset = (first(self.margin.0, fx), first(self.margin.1, fy));
        let fits = |(plane, chroma): (&Plane8, &Estimate)| {
            comb_fit::of_bytes(plane, offset, &chroma.steps).is_of_this_table()
        };
        let planes = frame.planes.iter().skip(1);
        Ok(planes.zip(self.chroma.iter().cycle()).all(fits))
    }

    /// The chroma table; libjpeg's of the quality nearest to luma's where none shows.
    fn chroma_steps(&self) -> QuantSteps {
        let nearest = || tables::nearest_quality(&tables::BASE_LUMA, &self.luma.steps).quality;
        match &self.chroma {
            Some(chroma) => chroma.steps,
            None => tables::ijg(&tables::BASE_CHROMA, nearest()),
        }
    }
}

/// Luma samples per chroma sample, of a frame that has both.
fn subsampling(frame: &Planar8) -> Option<(usize, usize)> {
    (frame.model == PixelModel::YCbCr).then_some(frame.subsampling)
}

/// An estimate of luma with that of chroma, and a margin that puts all planes on their grids;
/// `None` when no margin does, which takes a crop within a chroma sample.
fn lay_out(frame: &Planar8, luma: Estimate) -> Option<Estimated> {
    let (fx, fy) = frame.subsampling;
    let least = ((8 - luma.offset.0) % 8, (8 - luma.offset.1) % 8);
    if !least.0.is_multiple_of(fx) || !least.1.is_multiple_of(fy) {
        return None;
    }
    let (margin, chroma) = find_chroma(frame, least).unzip();
    Some(Estimated {
        luma,
        chroma,
        subsampling: subsampling(frame),
        margin: margin.unwrap_or(least),
        orientation: Orientation::default(),
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
        let first = (small.0.next_multiple_of(8), small.1.next_multiple_of(8));
        let found = estimate::chroma([&planes[0], &planes[1]], first, estimate::BLUR)?;
        Some((margin, found))
    })
}
