//! Restores pictures of few levels per channel: banded gradients become smooth again.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contract::{Denoiser, Measurement, Trust};
use crate::degradation::Bits;
use crate::error::{Error, Result};
use crate::frame::{Picture, PixelModel, Planar8, Rect};
use crate::report::{Consistency, Report, Restored};
use crate::sampler;
use crate::sampler::Problem;
use crate::sampler::plan::Plan;
use crate::sampler::unhinted::Unhinted;
use crate::solve::output::Layout;
use crate::solve::{Request, blend, output, sixteen, tiled};
use crate::source::channels_of;
use crate::source::dequantised::{Levels, QuantMeasurement};

/// What every prior takes: sides that are multiples of this.
const ALIGN_PX: usize = 16;

/// Restores a picture of which only `bits` per channel were kept; see
/// [`crate::Restorer::restore_levels`].
///
/// # Errors
/// [`Error::Unsupported`] for YCbCr, [`Error::Options`], [`Error::Backend`] or
/// [`Error::Cancelled`].
pub(crate) fn restore(
    denoiser: &dyn Denoiser,
    picture: &Planar8,
    bits: Bits,
    request: Request<'_>,
) -> Result<Restored> {
    let seen = see(picture, bits)?;
    let (restored, mut report) = restored(denoiser, picture, &seen, request)?;
    let Some(restored) = restored else {
        let frame = picture.clone();
        return Ok(Restored::new(frame, report));
    };
    let size = (picture.width(), picture.height());
    let frame = output::visible(&restored, picture.model, size);
    if request.options.strict {
        report.consistency = Some(consistency(&restored, &frame, &seen));
    }
    Ok(Restored::new(frame, report))
}

/// The same, not rounded.
///
/// # Errors
/// As [`restore`].
pub(crate) fn unrounded(
    denoiser: &dyn Denoiser,
    picture: &Planar8,
    bits: Bits,
    request: Request<'_>,
) -> Result<(Picture, Report)> {
    let seen = see(picture, bits)?;
    let (restored, report) = restored(denoiser, picture, &seen, request)?;
    let (width, height) = (picture.width(), picture.height());
    let restored =
        restored.unwrap_or_else(|| output::rounded(&Picture::new(3, width, height), picture));
    let visible = Rect {
        x: 0,
        y: 0,
        width,
        height,
    };
    Ok((channels_of(restored.crop(visible), picture.model), report))
}

/// The same in samples of 16 bits.
///
/// # Errors
/// As [`restore`].
pub(crate) fn deep(
    denoiser: &dyn Denoiser,
    picture: &Planar8,
    bits: Bits,
    request: Request<'_>,
) -> Result<Restored> {
    let (restored, report) = unrounded(denoiser, picture, bits, request)?;
    let size = (picture.width(), picture.height());
    let [upper, lower] = sixteen::part(&restored, picture.model, size, Layout::AsFile);
    let mut out = Restored::new(upper, report);
    out.lower = Some(lower);
    Ok(out)
}

/// The levels of `picture`, on a grid that every prior takes.
fn see(picture: &Planar8, bits: Bits) -> Result<Levels> {
    if picture.model == PixelModel::YCbCr {
        return Err(Error::Unsupported(
            "levels of a picture in YCbCr: they are told from RGB or grey".into(),
        ));
    }
    let grid = |side: usize| side.next_multiple_of(ALIGN_PX);
    let (width, height) = (grid(picture.width()), grid(picture.height()));
    Ok(Levels::of_bytes(picture, bits, width, height))
}

/// The restored picture on that grid; `None` if all of the given one is to shine through.
fn restored(
    denoiser: &dyn Denoiser,
    picture: &Planar8,
    seen: &Levels,
    request: Request<'_>,
) -> Result<(Option<Picture>, Report)> {
    let strength = request.options.strength;
    let mut report = Report {
        measured: vec![true; picture.planes.len()],
        notes: doubts(picture, seen.bits),
        ..Report::default()
    };
    if strength == 0.0 {
        return Ok((None, report));
    }
    let (mut restored, calls) = solve(denoiser, seen, request)?;
    finish(&mut restored, picture, strength as f32);
    report.network_calls = calls;
    report.restored = true;
    Ok((Some(restored), report))
}

/// The picture on the grid of `seen`, and how many network calls it took.
fn solve(
    denoiser: &dyn Denoiser,
    seen: &Levels,
    Request { options, control }: Request<'_>,
) -> Result<(Picture, usize)> {
    let measurement = QuantMeasurement::new(seen);
    let calls = AtomicUsize::new(0);
    let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
    let problem = Problem {
        denoiser: &Unhinted(&tiled),
        measurement: &measurement,
        hint: &seen.hint(),
        control,
    };
    let plan = Plan::for_levels(options, seen.bits.step());
    plan.check(denoiser.facts())?;
    let mut picture = sampler::run(&plan, &problem, options.seed)?;
    if options.strict {
        measurement.project(&mut picture, Trust::Clamp);
    }
    Ok((picture, calls.load(Ordering::Relaxed)))
}

/// Grey stays grey; with a strength below 1 the picture that was given shines through.
fn finish(restored: &mut Picture, given: &Planar8, strength: f32) {
    if given.model == PixelModel::Grey {
        let n = restored.plane_len();
        for i in 0..n {
            let sum: f32 = [0, 1, 2]
                .map(|c: usize| restored.data[c * n + i])
                .iter()
                .sum();
            for c in 0..3 {
                restored.data[c * n + i] = sum / 3.0;
            }
        }
    }
    let shown = output::rounded(restored, given);
    blend(&mut restored.data, &shown.data, strength);
}

/// What speaks against so few levels.
fn doubts(picture: &Planar8, bits: Bits) -> Vec<String> {
    let mut seen = [false; 256];
    for plane in &picture.planes {
        for &byte in &plane.data {
            seen[usize::from(byte)] = true;
        }
    }
    let values = seen.iter().filter(|&&seen| seen).count();
    let levels = 256 / usize::from(bits.step());
    match values > levels {
        true => vec![format!(
            "the picture has {values} different values, more than the {levels} levels of {} bits",
            bits.get()
        )],
        false => Vec::new(),
    }
}

fn consistency(picture: &Picture, frame: &Planar8, seen: &Levels) -> Consistency {
    let measurement = QuantMeasurement::new(seen);
    let share = |x: &Picture| measurement.inside(x) as f64 / x.data.len().max(1) as f64;
    Consistency {
        computed: share(picture),
        rounded: share(&output::rounded(picture, frame)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Restorer;
    use crate::contract::Control;
    use crate::model::identity::Identity;
    use crate::options::{Preset, RestoreOptions};

    fn restorer() -> Restorer {
        Restorer::with_denoiser(Arc::new(Identity))
    }

    /// A ramp of 37 x 21, banded to 3 bits and shown at the floor.
    fn banded(model: PixelModel) -> Planar8 {
        let mut picture = Planar8::new(model, 37, 21, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (i, byte) in plane.data.iter_mut().enumerate() {
                *byte = ((i % 37 * 6 + 5 * c) as u8) & 0xE0;
            }
        }
        picture
    }

    fn restore(picture: &Planar8, options: &RestoreOptions) -> Restored {
        let control = Control::default();
        restorer()
            .restore_levels(picture, Bits::PUBLISHED, options, control)
            .unwrap()
    }

    #[test]
    fn layout_and_levels_stay() {
        for model in [PixelModel::Rgb, PixelModel::Grey] {
            let picture = banded(model);
            let options = RestoreOptions {
                strict: true,
                ..RestoreOptions::default()
            };
            let restored = restore(&picture, &options);
            assert_eq!(restored.frame.model, model);
            assert_ne!(restored.frame, picture);
            let levels = |picture| Levels::of_bytes(picture, Bits::PUBLISHED, 37, 21);
            assert_eq!(levels(&restored.frame), levels(&picture));
            let consistency = restored.report.consistency.unwrap();
            assert_eq!((consistency.computed, consistency.rounded), (1.0, 1.0));
        }
    }

    #[test]
    fn every_preset_runs_at_its_price() {
        let calls = Preset::NAMES.iter().map(|name| {
            let options = RestoreOptions {
                preset: name.parse().unwrap(),
                ..RestoreOptions::default()
            };
            restore(&banded(PixelModel::Rgb), &options)
                .report
                .network_calls
        });
        assert_eq!(calls.collect::<Vec<_>>(), [1, 32, 8, 20]);
    }

    #[test]
    fn strength_blends_with_what_was_given() {
        let picture = banded(PixelModel::Rgb);
        let at = |strength| {
            let options = RestoreOptions {
                strength,
                ..RestoreOptions::default()
            };
            restore(&picture, &options).frame
        };
        assert_eq!(at(0.0), picture);
        let (half, full) = (at(0.5), at(1.0));
        // The blend is of unrounded values: half a byte from either rounding.
        for i in 0..37 * 21 {
            let middle =
                0.5 * (f32::from(picture.planes[1].data[i]) + f32::from(full.planes[1].data[i]));
            assert!((f32::from(half.planes[1].data[i]) - middle).abs() <= 0.76);
        }
    }

    #[test]
    fn too_many_values_are_noted_and_ycbcr_is_refused() {
        let mut picture = banded(PixelModel::Rgb);
        picture.planes[0].data[..32]
            .copy_from_slice(&std::array::from_fn::<u8, 32, _>(|i| i as u8));
        let notes = restore(&picture, &RestoreOptions::default()).report.notes;
        assert!(
            notes[0].contains("39 different values, more than the 8 levels"),
            "{notes:?}"
        );
        let frame = Planar8::new(PixelModel::YCbCr, 16, 16, (2, 2));
        let refused = restorer().restore_levels(
            &frame,
            Bits::PUBLISHED,
            &RestoreOptions::default(),
            Control::default(),
        );
        assert!(matches!(refused, Err(Error::Unsupported(_))));
    }
}
