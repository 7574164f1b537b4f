//! r(σ, u, v): how far off a prior's estimates are, by noise level, tables and frequency.
//!
//! Measured by the laboratory's `eval::spread`, kept as text in the metadata of the prior's own
//! checkpoint, looked up by the sampler in the prior's facts.

use std::collections::BTreeMap;

use crate::contract::QuantSteps;
use crate::error::{Error, Result};

/// Keys of the metadata.
const SIGMAS: &str = "spread_sigmas";
const STEPS: [&str; 2] = ["spread_luma_steps", "spread_chroma_steps"];
const VALUES: &str = "spread";

/// Noise levels or sets of tables at most.
const LONGEST_AXIS: usize = 64;

/// How far off an estimate is, by frequency: standard deviations in the units of the
/// quantisation table, natural order.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Of the first component, or of R, G and B.
    pub luma: [f32; 64],
    /// Of Cb and Cr, on their own grid.
    pub chroma: [f32; 64],
}

impl Spread {
    /// As much in every frequency: `spread` in units of the `[-1, 1]` range. The transform is
    /// orthonormal, so it is that of the samples too.
    pub fn white(spread: f64) -> Self {
        let all = [(127.5 * spread) as f32; 64];
        Self {
            luma: all,
            chroma: all,
        }
    }

    /// Root mean square over the frequencies of luma, in units of the `[-1, 1]` range.
    pub fn overall(&self) -> f64 {
        let squares = self.luma.iter().map(|&r| f64::from(r).powi(2));
        (squares.sum::<f64>() / 64.0).sqrt() / 127.5
    }

    /// `factor` times as much.
    pub fn times(mut self, factor: f64) -> Self {
        for r in self.luma.iter_mut().chain(&mut self.chroma) {
            *r *= factor as f32;
        }
        self
    }
}

/// Standard deviations of the estimates' errors on a grid of tables and noise levels.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadTable {
    /// Noise levels, rising, in units of the `[-1, 1]` range.
    sigmas: Vec<f64>,
    /// [`coarseness`] of luma's and of chroma's steps, rising, one for each set of tables.
    steps: [Vec<f64>; 2],
    /// Table by table, level by level.
    values: Vec<Spread>,
}

/// Mean log2 of the steps up to u + v = 5: coarse tables end at 255 in the frequencies above.
pub fn coarseness(steps: &QuantSteps) -> f64 {
    let low = (0..64).filter(|i| i / 8 + i % 8 <= 5);
    let logs: Vec<f64> = low.map(|i| f64::from(steps[i].max(1)).log2()).collect();
    logs.iter().sum::<f64>() / logs.len() as f64
}

impl SpreadTable {
    /// `values` are in the order of `tables` (luma, chroma), each with one for every level.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when an axis does not rise or the numbers do not add up.
    pub fn new(
        sigmas: Vec<f64>,
        tables: &[(QuantSteps, QuantSteps)],
        values: Vec<Spread>,
    ) -> Result<Self> {
        let luma = tables.iter().map(|(luma, _)| coarseness(luma)).collect();
        let chroma = tables
            .iter()
            .map(|(_, chroma)| coarseness(chroma))
            .collect();
        Self {
            sigmas,
            steps: [luma, chroma],
            values,
        }
        .checked()
    }

    fn checked(self) -> Result<Self> {
        for axis in [&self.sigmas, &self.steps[0], &self.steps[1]] {
            let rises = axis.windows(2).all(|pair| pair[0] < pair[1]);
            if axis.is_empty() || axis.len() > LONGEST_AXIS || !rises {
                return Err(bad(&format!(
                    "{axis:?}: must be 1 to {LONGEST_AXIS} rising numbers"
                )));
            }
        }
        let positive = |r: &f32| r.is_finite() && *r > 0.0;
        let sound = |spread: &Spread| spread.luma.iter().chain(&spread.chroma).all(positive);
        if self.sigmas[0] <= 0.0 || !self.values.iter().all(sound) {
            return Err(bad("levels and spreads must be positive"));
        }
        if self.steps[0].len() != self.steps[1].len()
            || self.values.len() != self.steps[0].len() * self.sigmas.len()
        {
            return Err(bad("the numbers do not fit the axes"));
        }
        Ok(self)
    }

    /// What `metadata` say; `None` when they say nothing.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for what cannot be read.
    pub fn of(metadata: &BTreeMap<String, String>) -> Result<Option<Self>> {
        let Some(values) = metadata.get(VALUES) else {
            return Ok(None);
        };
        let axis = |key: &str| numbers(metadata.get(key).map_or("", String::as_str));
        let values: Vec<f64> = numbers(values)?;
        let spread = |part: &[f64]| Spread {
            luma: std::array::from_fn(|i| part[i] as f32),
            chroma: std::array::from_fn(|i| part[64 + i] as f32),
        };
        if !values.len().is_multiple_of(128) {
            return Err(bad("there must be 128 numbers for each table and level"));
        }
        let table = Self {
            sigmas: axis(SIGMAS)?,
            steps: [axis(STEPS[0])?, axis(STEPS[1])?],
            values: values.chunks_exact(128).map(spread).collect(),
        };
        table.checked().map(Some)
    }

    /// Puts it into `metadata`, in place of what is there, to three digits.
    pub fn write(&self, metadata: &mut BTreeMap<String, String>) {
        let text = |axis: &[f64]| words(axis.iter().map(|x| format!("{x:.4}")));
        metadata.insert(SIGMAS.into(), text(&self.sigmas));
        for (key, steps) in STEPS.into_iter().zip(&self.steps) {
            metadata.insert(key.into(), text(steps));
        }
        let all = self
            .values
            .iter()
            .flat_map(|s| s.luma.iter().chain(&s.chroma));
        metadata.insert(VALUES.into(), words(all.map(|&r| short(r))));
    }

    /// Takes it out of `metadata`: of a network that is no longer the one it was measured on.
    pub fn forget(metadata: &mut BTreeMap<String, String>) {
        for key in [SIGMAS, STEPS[0], STEPS[1], VALUES] {
            metadata.remove(key);
        }
    }

    /// The spread at `sigma` under these tables: logarithms linear in those of σ and of the
    /// steps, beyond the grid as at its edge.
    pub fn at(&self, sigma: f64, luma: &QuantSteps, chroma: &QuantSteps) -> Spread {
        let logs: Vec<f64> = self.sigmas.iter().map(|s| s.ln()).collect();
        let level = place(&logs, sigma.max(f64::MIN_POSITIVE).ln());
        let [for_luma, for_chroma] = [
            place(&self.steps[0], coarseness(luma)),
            place(&self.steps[1], coarseness(chroma)),
        ];
        Spread {
            luma: std::array::from_fn(|i| self.between(for_luma, level, |s| s.luma[i])),
            chroma: std::array::from_fn(|i| self.between(for_chroma, level, |s| s.chroma[i])),
        }
    }

    fn between(&self, table: Place, level: Place, pick: impl Fn(&Spread) -> f32) -> f32 {
        let log =
            |t: usize, l: usize| f64::from(pick(&self.values[t * self.sigmas.len() + l])).ln();
        let row = |t: usize| level.mix(log(t, level.first), log(t, level.second));
        table.mix(row(table.first), row(table.second)).exp() as f32
    }
}

/// Between which two entries of an axis, and how far towards the second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    first: usize,
    second: usize,
    share: f64,
}

impl Place {
    fn mix(self, a: f64, b: f64) -> f64 {
        a + self.share * (b - a)
    }
}

/// Where `value` lies on a rising `axis`.
fn place(axis: &[f64], value: f64) -> Place {
    let second = axis.partition_point(|&x| x < value).min(axis.len() - 1);
    let first = second.saturating_sub(1);
    let width = axis[second] - axis[first];
    let share = match width > 0.0 {
        true => ((value - axis[first]) / width).clamp(0.0, 1.0),
        false => 0.0,
    };
    Place {
        first,
        second,
        share,
    }
}

/// Three significant digits.
fn short(value: f32) -> String {
    let digits = 2 - f64::from(value).log10().floor().clamp(-4.0, 2.0) as i32;
    format!("{value:.*}", digits.max(0) as usize)
}

fn words(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

fn numbers(text: &str) -> Result<Vec<f64>> {
    let parsed = text.split_whitespace().map(str::parse::<f64>);
    parsed
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| bad("not a list of numbers"))
}

fn bad(why: &str) -> Error {
    Error::Checkpoint(format!("the metadata's spread: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// r = step · σ in luma, twice that in chroma: a plane in logarithms.
    fn table() -> SpreadTable {
        let sigmas = vec![0.01, 0.1, 0.4];
        let steps = [4u16, 16, 64];
        let tables = steps.map(|q| ([q; 64], [2 * q; 64]));
        let values = steps.iter().flat_map(|&q| {
            let of = move |s: &f64| Spread {
                luma: [f32::from(q) * *s as f32; 64],
                chroma: [2.0 * f32::from(q) * *s as f32; 64],
            };
            [0.01, 0.1, 0.4].iter().map(of).collect::<Vec<_>>()
        });
        SpreadTable::new(sigmas, &tables, values.collect()).unwrap()
    }

    #[test]
    fn a_plane_in_logarithms_comes_back_between_its_points() {
        let found = table().at(0.05, &[32; 64], &[8; 64]);
        assert!(
            (found.luma[9] - 32.0 * 0.05).abs() < 1e-5,
            "{}",
            found.luma[9]
        );
        assert!((found.chroma[63] - 8.0 * 0.05).abs() < 1e-5);
    }

    #[test]
    fn beyond_the_grid_it_is_as_at_the_edge() {
        let found = table().at(3.0, &[200; 64], &[1; 64]);
        assert!((found.luma[0] - 64.0 * 0.4).abs() < 1e-4);
        assert!((found.chroma[0] - 8.0 * 0.4).abs() < 1e-4);
    }

    /// Three digits are kept.
    #[test]
    fn it_is_read_as_it_was_written() {
        let mut metadata = BTreeMap::new();
        table().write(&mut metadata);
        let read = SpreadTable::of(&metadata).unwrap().unwrap();
        let [a, b] = [&table(), &read].map(|t| t.at(0.07, &[20; 64], &[30; 64]));
        for (a, b) in a.luma.iter().zip(&b.luma) {
            assert!((a / b - 1.0).abs() < 5e-3, "{a} {b}");
        }
        SpreadTable::forget(&mut metadata);
        assert!(metadata.is_empty() && SpreadTable::of(&metadata).unwrap().is_none());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (key, text) in [
            (SIGMAS, "0.1 0.01 0.4"),
            (SIGMAS, "0 0.1 0.4"),
            (VALUES, "1 2 3"),
            (VALUES, "x"),
            (STEPS[1], ""),
        ] {
            let mut metadata = BTreeMap::new();
            table().write(&mut metadata);
            metadata.insert(key.into(), text.into());
            let message = SpreadTable::of(&metadata).unwrap_err().to_string();
            assert!(message.contains("spread"), "{message}");
        }
    }
}
