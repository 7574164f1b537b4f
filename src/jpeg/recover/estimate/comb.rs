//! How likely the magnitudes of one frequency are for each quantisation step.
//!
//! After quantisation with step q the coefficients are on the teeth of a comb, k q, blurred by the
//! rounding of the samples to 8 bits. The masses of the teeth follow a zero-inflated geometric
//! distribution, whose two parameters are fitted for each q. A coefficient far from every tooth is
//! an outlier and counts as unquantised. Wide combs that fit are far likelier than narrow ones.

use crate::jpeg::recover::estimate::spectrum::{BINS_PER_UNIT, Counts};

/// Steps that are tried, 1..=255: those of 8-bit tables.
pub const STEPS: usize = 255;
/// Log of the share of coefficients that overlays or clipping may have changed arbitrarily.
pub(crate) const LOG_OUTLIER: f64 = -4.0;
/// Shares of coefficients with a wider error, and how much wider it is.
const WIDE: [(f64, f64); 2] = [(0.03, 2.5), (0.005, 8.0)];

/// Log likelihoods of one frequency, in nats.
#[derive(Clone, Debug)]
pub struct Comb {
    /// For each step, from 1 on, relative to coefficients that were never quantised.
    pub gain: Vec<f64>,
    /// Number of coefficients too large to be zeros.
    pub visible: u32,
}

impl Comb {
    /// Scores every step; `blur` is the standard deviation of a coefficient around its tooth.
    pub fn of(counts: &Counts, blur: f32, is_dc: bool) -> Self {
        let zero = (4.0 * blur * BINS_PER_UNIT) as u32;
        let large = counts.iter().filter(|(bin, _)| *bin > zero);
        let visible = large.map(|(_, n)| n).sum();
        let mut gain = vec![0.0; STEPS];
        let unquantised = Teeth::fit(counts, 1, is_dc);
        if visible > 0 {
            for (step, gain) in (1..).zip(&mut gain) {
                let teeth = Teeth::fit(counts, step, is_dc);
                *gain = gain_of(counts, step, blur, &teeth, &unquantised);
            }
        }
        Self { gain, visible }
    }

    /// The likeliest step, and by how many nats it leads the next one.
    pub fn best(&self) -> Option<(u16, f64)> {
        if self.visible == 0 {
            return None;
        }
        let (mut best, mut first, mut second) = (0, f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (at, &gain) in self.gain.iter().enumerate() {
            if gain > first {
                (best, second, first) = (at, first, gain);
            } else {
                second = second.max(gain);
            }
        }
        Some((best as u16 + 1, first - second.max(0.0)))
    }
}

/// Log mass of the teeth: `zero` for k = 0, `one + (|k| - 1) * decay` for the others.
pub(crate) struct Teeth {
    zero: f64,
    one: f64,
    decay: f64,
}

impl Teeth {
    /// Fits the masses to the nearest teeth at `step`. For DC the mass is flat, because it can have
    /// any value.
    pub(crate) fn fit(counts: &Counts, step: u16, is_dc: bool) -> Self {
        let flat = f64::from(step).ln() - 2048f64.ln();
        if is_dc {
            return Self {
                zero: flat,
                one: flat,
                decay: 0.0,
            };
        }
        let (mut zeros, mut others, mut sum) = (0.5, 0.5, 0.5);
        for &(bin, n) in counts {
            let level = tooth(bin, step);
            if level == 0.0 {
                zeros += f64::from(n);
            } else {
                others += f64::from(n);
                sum += f64::from(n) * f64::from(level);
            }
        }
        let mean = (sum / others).max(1.0);
        Self {
            zero: (zeros / (zeros + others)).ln(),
            one: (others / (zeros + others) / 2.0 / mean).ln(),
            decay: (1.0 - 1.0 / mean).max(1e-9).ln(),
        }
    }

    pub(crate) fn log_mass(&self, level: f32) -> f64 {
        match level {
            0.0 => self.zero,
            k => self.one + f64::from(k - 1.0) * self.decay,
        }
    }
}

/// The tooth nearest to a magnitude.
pub(crate) fn tooth(bin: u32, step: u16) -> f32 {
    (bin as f32 / (BINS_PER_UNIT * f32::from(step))).round()
}

/// Log density at `distance` blurs from a tooth: a Gaussian, plus wider ones for nearly flat
/// blocks, whose rounding errors add up.
fn log_density(distance: f32) -> f64 {
    let square = f64::from(distance * distance);
    let wide = WIDE.map(|(share, wide)| share.ln() - wide.ln() - 0.5 * square / (wide * wide));
    let best = wide.into_iter().fold(-0.5 * square, f64::max);
    best - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

/// Log likelihood of `step`, relative to no quantisation.
fn gain_of(counts: &Counts, step: u16, blur: f32, teeth: &Teeth, unquantised: &Teeth) -> f64 {
    let mut sum = 0.0;
    for &(bin, n) in counts {
        let level = tooth(bin, step);
        let distance = (bin as f32 / BINS_PER_UNIT - level * f32::from(step)) / blur;
        let quantised = teeth.log_mass(level) + log_density(distance) - f64::from(blur).ln();
        let base = unquantised.log_mass(tooth(bin, 1));
        sum += f64::from(n) * (quantised - base).max(LOG_OUTLIER);
    }
    sum
}
