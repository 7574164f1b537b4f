//! Seams 8 pixels apart that do not lie on the last grid: the picture was cut.

use crate::jpeg::recover::moved::profile::{Profile, clip, standing_out};
use crate::jpeg::recover::moved::{Move, Moved};

/// How far the steps at a seam must stand out: in standard errors, and in parts of the mean step.
const STEPS: (f64, f64) = (10.0, 0.1);
/// The same of kinks, at the same seam.
const KINKS: f64 = 7.0;
/// From here on the steps need no kinks beside them: in standard errors over both axes, and in
/// parts of the mean step.
const ALONE: (f64, f64) = (30.0, 0.3);
/// Part of what a seam stands out of the others by which it stands out of the next one: where every
/// other column does, the picture was enlarged.
const LONELY: f64 = 0.5;
/// The quality to restore by, where the seams stand out by more than this part of the mean step,
/// and where they do not.
const COARSE: (f64, u8) = (0.45, 25);
const MILD: u8 = 60;

/// Seams in one axis.
#[derive(Clone, Copy)]
struct Seams {
    /// They are before this column, and every 8 from there on.
    at: usize,
    /// How far they stand out of the others, in standard errors.
    errors: f64,
    /// The same in parts of the mean.
    part: f64,
}

/// The cut that both axes together show.
pub(super) fn find(axes: &[Profile; 2]) -> Option<Moved> {
    let steps = axes.each_ref().map(steps);
    let (clearer, seams) = match steps[0].errors >= steps[1].errors {
        true => (&axes[0], steps[0]),
        false => (&axes[1], steps[1]),
    };
    let part = steps[0].part.max(steps[1].part);
    let alone = steps[0].errors + steps[1].errors > ALONE.0 && part > ALONE.1;
    let kinks = kinks(clearer);
    let agree = kinks.at == seams.at && kinks.errors > KINKS;
    let shows = alone || (agree && seams.errors > STEPS.0 && seams.part > STEPS.1);
    let at = |axis: Seams| if axis.errors > STEPS.0 { axis.at } else { 0 };
    shows.then(|| Moved {
        how: Move::Cut(at(steps[0]), at(steps[1])),
        quality: if part > COARSE.0 { COARSE.1 } else { MILD },
    })
}

/// A step in the profile is from its column to the next; the clearest seam other than the last
/// grid's.
fn steps(axis: &Profile) -> Seams {
    let d = &axis.steps;
    let mut excess = vec![0.0; d.len()];
    for (x, excess) in excess.iter_mut().enumerate().skip(2) {
        // The step into column x, against those before and after.
        let after = d[x.min(d.len() - 1)];
        *excess = d[x - 1] - (d[x - 2] + after) / 2.0;
    }
    let mean = excess.iter().sum::<f64>() / excess.len() as f64;
    excess.iter_mut().for_each(|value| *value -= mean);
    clip(&mut excess);
    let found = (1..8).map(|at| stand(&excess, &[at], at, &axis.steps));
    clearest(found)
}

/// A seam before a column makes a kink at it and at the one before. Those of the last grid are at
/// columns 7 and 0 of its blocks.
fn kinks(axis: &Profile) -> Seams {
    let excess = standing_out(&axis.kinks);
    let found = (1..8).map(|at| {
        let beside = [at - 1, at].map(|column| column % 8);
        let own: Vec<usize> = beside.into_iter().filter(|c| !matches!(c, 0 | 7)).collect();
        stand(&excess, &own, at, &axis.kinks)
    });
    clearest(found)
}

fn clearest(found: impl Iterator<Item = Seams>) -> Seams {
    let none = Seams {
        at: 0,
        errors: f64::NEG_INFINITY,
        part: 0.0,
    };
    found.fold(none, |a, b| if b.errors > a.errors { b } else { a })
}

/// How far the columns `own` of all blocks stand out of those inside of the last grid's blocks.
fn stand(excess: &[f64], own: &[usize], at: usize, profile: &[f64]) -> Seams {
    let columns: [(f64, f64); 8] =
        std::array::from_fn(|c| moments(excess.iter().skip(c).step_by(8)));
    let inner: Vec<f64> = (2..7)
        .filter(|c| !own.contains(c))
        .map(|c| columns[c].0)
        .collect();
    let others = inner.iter().sum::<f64>() / inner.len() as f64;
    let next = inner.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let these = own.iter().map(|&c| columns[c].0).sum::<f64>() / own.len() as f64;
    let variance = columns[1..].iter().map(|c| c.1).sum::<f64>() / 7.0;
    let error = (variance / (excess.len() as f64 / 8.0)).sqrt();
    let mean = profile.iter().sum::<f64>() / profile.len() as f64;
    Seams {
        at,
        errors: match these - next > LONELY * (these - others) {
            true => (these - others) / error.max(1e-12),
            false => 0.0,
        },
        part: (these - others) / mean.max(1e-12),
    }
}

/// Mean and variance.
fn moments<'a>(values: impl Iterator<Item = &'a f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    (mean, variance)
}
