//! A whole table from the scores of its steps: libjpeg's where one explains all that is seen
//! about as well as free steps do, else the likeliest step of each frequency.
//!
//! Steps that nothing shows are filled in from libjpeg's table, or from the nearest frequency
//! that shows its step. Called by the estimate.

use super::comb::Comb;
use crate::contract::QuantSteps;
use crate::jpeg::tables;

/// Nats that a free step costs against one that a family of tables gives: ln 255.
const FREE_STEP: f64 = 5.5;
/// Nats that choosing among 100 qualities costs.
const FAMILY: f64 = 4.6;
/// Nats that a step must be ahead of the next to count as seen: one wrong in 20.
const SURE: f64 = 3.0;

/// Standard deviation of the log of a step around what its neighbours say.
const SCATTER: f64 = 0.3;

/// How a step is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// From coefficients of its own frequency.
    Seen,
    /// From the table or the neighbour that filled it in.
    Filled,
}

/// Where steps that nothing shows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// libjpeg's table of this quality, which agrees with all steps that are seen.
    Ijg(u8),
    /// The nearest frequency that shows its step, scaled as libjpeg's base table is.
    Neighbours,
}

/// A table and what is known of it.
pub struct Table {
    pub steps: QuantSteps,
    pub known: [Known; 64],
    pub step_confidence: [f32; 64],
    pub fill: Fill,
    /// Log likelihood in nats above that of unquantised pixels.
    pub gain: f64,
}

/// What a plane is: the table that libjpeg scales for it, and how readily one of those is
/// taken for its own.
pub struct Role {
    /// libjpeg's base table.
    pub base: &'static QuantSteps,
    /// Share of the gain of free steps that a libjpeg table may lack: outliers speak for free
    /// steps, and where samples were brought back from RGB there are more of them.
    pub leniency: f64,
}

/// Luma: exact samples, but for those that were clipped or lie in blocks nearly flat.
pub const LUMA: Role = Role {
    base: &tables::BASE_LUMA,
    leniency: 0.05,
};
/// Chroma.
pub const CHROMA: Role = Role {
    base: &tables::BASE_CHROMA,
    leniency: 0.1,
};

/// The table that `combs` speak for.
pub fn of(combs: &[Comb], role: &Role) -> Table {
    let base = role.base;
    let seen: Vec<Option<(u16, f64)>> = combs.iter().map(Comb::best).collect();
    let free: f64 = combs
        .iter()
        .zip(&seen)
        .map(|(comb, seen)| gain(comb, *seen))
        .sum();
    let price = FREE_STEP * seen.iter().flatten().count() as f64;
    let (ijg, quality) = best_quality(combs, base);
    let mut step_confidence = [0.0; 64];
    for (confidence, seen) in step_confidence.iter_mut().zip(&seen) {
        *confidence = seen.map_or(0.0, |(_, ahead)| ahead as f32);
    }
    let sure = |i: usize| {
        seen[i]
            .filter(|(_, ahead)| *ahead >= SURE)
            .map(|(step, _)| step)
    };
    let known = std::array::from_fn(|i| match sure(i) {
        Some(_) => Known::Seen,
        None => Known::Filled,
    });
    let (steps, fill, gain) = match ijg - FAMILY >= free - price - role.leniency * free {
        true => (tables::ijg(base, quality), Fill::Ijg(quality), ijg),
        false => (settle(combs, &fill_in(&sure, base)), Fill::Neighbours, free),
    };
    Table {
        steps,
        known,
        step_confidence,
        fill,
        gain,
    }
}

fn gain(comb: &Comb, seen: Option<(u16, f64)>) -> f64 {
    seen.map_or(0.0, |(step, _)| comb.gain[usize::from(step) - 1])
}

fn best_quality(combs: &[Comb], base: &QuantSteps) -> (f64, u8) {
    let score = |quality: u8| {
        let steps = tables::ijg(base, quality);
        let gains = combs
            .iter()
            .zip(steps)
            .map(|(comb, step)| comb.gain[usize::from(step) - 1]);
        gains.sum::<f64>()
    };
    (1..=100)
        .map(|quality| (score(quality), quality))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((f64::NEG_INFINITY, 50))
}

/// The likeliest step of each frequency when the prediction of the others weighs in: log steps
/// lie around it with a standard deviation of [`SCATTER`].
fn settle(combs: &[Comb], predicted: &QuantSteps) -> QuantSteps {
    std::array::from_fn(|i| {
        let middle = f64::from(predicted[i]).ln();
        let score = |step: u16| {
            let away = (f64::from(step).ln() - middle) / SCATTER;
            combs[i].gain[usize::from(step) - 1] - 0.5 * away * away
        };
        (1..=255)
            .max_by(|&a, &b| score(a).total_cmp(&score(b)))
            .unwrap_or(predicted[i])
    })
}

/// Unseen steps from the nearest seen frequency, times the ratio of the base table there.
fn fill_in(sure: &dyn Fn(usize) -> Option<u16>, base: &QuantSteps) -> QuantSteps {
    std::array::from_fn(|i| {
        if let Some(step) = sure(i) {
            return step;
        }
        let distance = |j: usize| (i % 8).abs_diff(j % 8).pow(2) + (i / 8).abs_diff(j / 8).pow(2);
        let nearest = (0..64)
            .filter(|&j| sure(j).is_some())
            .min_by_key(|&j| distance(j));
        let scaled = nearest.and_then(|j| Some((sure(j)?, base[j])));
        scaled.map_or(base[i], |(step, there)| {
            let ratio = f64::from(base[i]) / f64::from(there);
            (f64::from(step) * ratio).round().clamp(1.0, 255.0) as u16
        })
    })
}
