//! Makes a whole table from the scores of its steps: one of libjpeg's if it explains the data about
//! as well as free steps do, otherwise the likeliest step of each frequency.
//!
//! Steps that do not show are filled in from libjpeg's table, or from the nearest frequency that
//! shows its step. Called by `estimate`.

use crate::contract::QuantSteps;
use crate::jpeg::grid::tables;
use crate::jpeg::recover::estimate::comb::Comb;

/// Cost in nats of a free step, compared with one from a family of tables: ln 255.
const FREE_STEP: f64 = 5.5;
/// Cost in nats of choosing among 100 qualities.
const FAMILY: f64 = 4.6;
/// Nats by which a step must lead the next one to count as seen: one in 20 is wrong.
const SURE: f64 = 3.0;

/// Limits of the standard deviation of the log of a step around the prediction from the others.
const SCATTER: (f64, f64) = (0.05, 0.4);
/// The weight of another frequency is its distance to the power of minus twice this.
const FALL: f64 = 1.5;

/// How a step is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// From coefficients of its own frequency.
    Seen,
    /// From the table or the neighbour that filled it in.
    Filled,
}

/// Where steps that do not show come from.
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

/// The role of a plane: the table that libjpeg scales for it, and how readily such a table is
/// accepted.
pub struct Role {
    /// libjpeg's base table.
    pub base: &'static QuantSteps,
    /// Share of the gain of free steps that a libjpeg table may lack: outliers favour free steps,
    /// and samples from RGB have more outliers.
    pub leniency: f64,
}

/// Luma: exact samples, except in clipped or nearly flat blocks.
pub const LUMA: Role = Role {
    base: &tables::BASE_LUMA,
    leniency: 0.05,
};
/// Chroma.
pub const CHROMA: Role = Role {
    base: &tables::BASE_CHROMA,
    leniency: 0.1,
};

/// The table that fits `combs` best.
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
    let sure = std::array::from_fn(|i| {
        let best = seen[i].filter(|(_, ahead)| *ahead >= SURE);
        best.map(|(step, _)| step)
    });
    let known = std::array::from_fn(|i| match sure[i] {
        Some(_) => Known::Seen,
        None => Known::Filled,
    });
    let (steps, fill, gain) = match ijg - FAMILY >= free - price - role.leniency * free {
        true => (tables::ijg(base, quality), Fill::Ijg(quality), ijg),
        false => {
            let predicted = predict(&sure, base);
            let scatter = scatter(&sure, &predicted);
            (settle(combs, &predicted, scatter), Fill::Neighbours, free)
        }
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

/// The likeliest step of each frequency, taking the prediction from the others into account: log
/// steps scatter around it with a standard deviation of `scatter`.
fn settle(combs: &[Comb], predicted: &[f64; 64], scatter: f64) -> QuantSteps {
    std::array::from_fn(|i| {
        let score = |step: u16| {
            let away = (f64::from(step).ln() - predicted[i]) / scatter;
            combs[i].gain[usize::from(step) - 1] - 0.5 * away * away
        };
        let best = (1..=255).max_by(|&a, &b| score(a).total_cmp(&score(b)));
        best.unwrap_or(1)
    })
}

/// The log of each step as predicted by the other frequencies that are `sure`: that of the base
/// table, times their ratio to it, with more weight for nearer frequencies.
fn predict(sure: &[Option<u16>; 64], base: &QuantSteps) -> [f64; 64] {
    let ln_base = base.map(|step| f64::from(step).ln());
    std::array::from_fn(|i| {
        let (mut sum, mut weights) = (0.0, 0.0);
        let others = sure.iter().enumerate().filter(|(j, _)| *j != i);
        for (j, step) in others.filter_map(|(j, step)| step.map(|step| (j, step))) {
            let squared = (i % 8).abs_diff(j % 8).pow(2) + (i / 8).abs_diff(j / 8).pow(2);
            let weight = (squared as f64).powf(-FALL);
            sum += weight * (f64::from(step).ln() - ln_base[j]);
            weights += weight;
        }
        ln_base[i] + if weights > 0.0 { sum / weights } else { 0.0 }
    })
}

/// How far the steps that are `sure` are from the prediction: the root mean square of the
/// difference of logs, limited to [`SCATTER`].
fn scatter(sure: &[Option<u16>; 64], predicted: &[f64; 64]) -> f64 {
    let (mut squares, mut count) = (0.0, 0.0);
    for (step, predicted) in sure.iter().zip(predicted) {
        if let Some(step) = step {
            squares += (f64::from(*step).ln() - predicted).powi(2);
            count += 1.0;
        }
    }
    if count < 2.0 {
        return SCATTER.1;
    }
    (squares / count).sqrt().clamp(SCATTER.0, SCATTER.1)
}
