//! One call of each of our own networks in each arithmetic of the engine and, in a build with
//! libtorch, by libtorch's operators: all in turns, in one run.

use std::sync::Arc;

use crate::bench::{Settings, timed};
use ddrmjpeg::contract::{Denoiser, Hint, ONE_CALL_SIGMA, Reach};
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::options::{Device, ModelOptions, Precision};
use ddrmjpeg::runtime::conv_engine::Form;
use ddrmjpeg::runtime::multiplies::Work;

/// Side of the largest picture passed to a network in one call: about that of a tile.
const LARGEST_PX: usize = 1152;

/// One network, by one engine, in one arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineRow {
    /// Which network.
    pub network: &'static str,
    /// What computes it: `oneDNN` or `libtorch`.
    pub engine: &'static str,
    /// In which arithmetic.
    pub arithmetic: &'static str,
    /// Width and height of its input.
    pub size: (usize, usize),
    /// Multiply-adds of a call, in units of 10^9.
    pub gmac: f64,
    /// Seconds of the fastest call, pictures in host memory to pictures in host memory.
    pub seconds: f64,
    /// Seconds of the network's first row.
    pub first: f64,
    /// Bytes of its maps during a call, approximately.
    pub map_bytes: usize,
}

impl EngineRow {
    /// 10^9 operations a second; a multiply-add is two.
    pub fn gops(&self) -> f64 {
        2.0 * self.gmac / self.seconds
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Engines {
    /// The networks in the order in which they were named, f32 first.
    pub rows: Vec<EngineRow>,
    /// Which arithmetic cannot be used here, and why.
    pub notes: Vec<String>,
}

/// Measures one call at the level of the preset `fast`. With a precision in the options only that
/// one, with CUDA only libtorch there.
///
/// # Errors
/// Those of opening and calling the networks.
pub fn engines(networks: &[&'static Own], settings: &Settings) -> Result<Engines> {
    let mut found = Engines::default();
    let mut turns = Vec::new();
    for &own in networks {
        for (engine, form, options) in ways(&settings.model) {
            let denoiser = own.embedded(&options, form)?;
            let facts = denoiser.facts();
            let asked = options.precision.to_string();
            match facts.precision {
                Some(used) if used == asked || asked == "auto" => {
                    turns.push(Turn::new((own, engine, used), denoiser, settings.size));
                }
                _ => found.notes.extend(facts.caution.clone()),
            }
        }
    }
    // The first call packs weights and fills caches.
    for round in 0..=settings.rounds.max(1) {
        for turn in &mut turns {
            turn.take(round > 0)?;
        }
    }
    found.rows = turns.into_iter().map(|turn| turn.row).collect();
    relate(&mut found.rows);
    Ok(found)
}

/// Notes the time of each network's first row in all of its rows.
fn relate(rows: &mut [EngineRow]) {
    for index in 0..rows.len() {
        let network = rows[index].network;
        let first = rows.iter().find(|row| row.network == network);
        rows[index].first = first.map_or(f64::NAN, |row| row.seconds);
    }
}

/// Engines and arithmetics to compare, by what the options ask for.
fn ways(options: &ModelOptions) -> Vec<(&'static str, Form, ModelOptions)> {
    let on = |device, precision| {
        let options = options.clone();
        options.with_device(device).with_precision(precision)
    };
    if let Device::Cuda(_) = options.device {
        return vec![("libtorch", Form::Fast, options.clone())];
    }
    let precisions = match options.precision {
        Precision::Auto => vec![Precision::F32, Precision::Bf16, Precision::Int8],
        one => vec![one],
    };
    let mut ways: Vec<_> = precisions
        .into_iter()
        .map(|precision| ("oneDNN", Form::Fast, on(Device::Cpu, precision)))
        .collect();
    if cfg!(feature = "torch") {
        ways.push(("libtorch", Form::Plain, on(Device::Cpu, Precision::F32)));
    }
    ways
}

/// Width and height of the picture for one call, as near to `size` as the network allows.
pub(super) fn call_size(denoiser: &dyn Denoiser, size: (usize, usize)) -> (usize, usize) {
    match denoiser.reach() {
        Reach::Window { side_px } => (side_px, side_px),
        Reach::Halo { align_px, .. } => {
            let side = |side: usize| side.min(LARGEST_PX).next_multiple_of(align_px);
            (side(size.0), side(size.1))
        }
    }
}

/// A network that takes turns with others.
struct Turn {
    denoiser: Arc<dyn Denoiser>,
    hint: Hint,
    row: EngineRow,
}

impl Turn {
    fn new(
        (own, engine, arithmetic): (&'static Own, &'static str, &'static str),
        denoiser: Arc<dyn Denoiser>,
        size: (usize, usize),
    ) -> Self {
        let size = call_size(&*denoiser, size);
        Self {
            hint: Hint {
                decoded: Picture::new(3, size.0, size.1),
                luma: [16; 64],
                chroma: [17; 64],
                subsampling: (2, 2),
            },
            row: EngineRow {
                network: own.name,
                engine,
                arithmetic,
                size,
                gmac: 0.0,
                seconds: f64::INFINITY,
                first: f64::NAN,
                map_bytes: denoiser.facts().pixel_bytes * size.0 * size.1,
            },
            denoiser,
        }
    }

    fn take(&mut self, counts: bool) -> Result<()> {
        let (hint, before) = (&self.hint, Work::so_far());
        let call = || {
            self.denoiser
                .denoise(&hint.decoded, ONE_CALL_SIGMA, Some(hint))
        };
        let (seconds, _) = timed(call)?;
        if counts {
            self.row.seconds = self.row.seconds.min(seconds);
            self.row.gmac = 1e-9 * Work::since(before).macs as f64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::model::registry;
    use ddrmjpeg::options::RestoreOptions;

    /// Each arithmetic that this CPU has, or a note why not; and as many multiply-adds as the
    /// network has, in each of them: 22.1 kMAC a pixel.
    #[test]
    fn every_arithmetic_has_a_row_or_a_note() {
        let settings = Settings {
            size: (96, 64),
            rounds: 1,
            model: ModelOptions::default().with_threads(1),
            restore: RestoreOptions::default(),
        };
        let nano = registry::get("nano").unwrap();
        let found = engines(&[nano], &settings).unwrap();
        let by_torch = usize::from(cfg!(feature = "torch"));
        assert_eq!(
            found.rows.len() + found.notes.len(),
            3 + by_torch,
            "{found:?}"
        );
        assert_eq!(found.rows[0].arithmetic, "f32");
        for row in &found.rows {
            let kmac = 1e6 * row.gmac / (96.0 * 64.0);
            assert!((21.5..23.0).contains(&kmac), "{kmac} {row:?}");
            assert!(row.seconds.is_finite() && row.first == found.rows[0].seconds);
        }
    }
}
