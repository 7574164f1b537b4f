//! Whether this CPU convolves faster in bf16 than in f32.
//!
//! Having the instructions is not enough: with them Zen 4 and 5 are two to four times as fast as
//! with f32, but Intel's cores since Sapphire Rapids only 0.6 times if a virtual machine hides AMX.
//! So it is measured, in a few milliseconds, on one thread, so that other load rarely interferes. The
//! verdict is remembered (`verdict`), and looked up once per process. Called by `backend` on the
//! torch thread.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::verdict;
use crate::error::Result;
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::tensors::load::channels_last;
use crate::runtime::threads::slices::alone;

/// Runs of each, taking turns; the fastest counts.
const ROUNDS: usize = 8;

/// How much faster bf16 must be to make up for its rounding.
const GAIN: f64 = 1.1;

/// A layer like those of lean, but small: 19 million multiply-adds.
const SIZE: [i64; 4] = [1, 64, 16, 32];

/// Whether bf16 is worth its rounding here. It is not if nothing can be packed or the measurement
/// fails.
pub fn bf16_pays() -> bool {
    static PAYS: OnceLock<bool> = OnceLock::new();
    let race = || won([Kind::BFloat16, Kind::Float]);
    *PAYS.get_or_init(|| has_instructions() && verdict::remembered(race).unwrap_or(false))
}

/// Whether this CPU multiplies bf16 in hardware; emulated, it is slower than f32.
fn has_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Whether the first kind is faster than the second by at least `GAIN`; `None` if one of them cannot
/// run.
fn won([half, full]: [Kind; 2]) -> Option<bool> {
    let race = || -> Result<_> {
        let (half, full) = (Runner::new(half)?, Runner::new(full)?);
        alone(|| fastest([&half, &full]))
    };
    let [half, full] = tch::no_grad(race).ok()?;
    Some(is_gain(half, full))
}

fn is_gain(half: Duration, full: Duration) -> bool {
    full.as_secs_f64() > GAIN * half.as_secs_f64()
}

fn fastest(runners: [&Runner; 2]) -> Result<[Duration; 2]> {
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, runner) in best.iter_mut().zip(runners) {
            *best = runner.time()?.min(*best);
        }
    }
    Ok(best)
}

struct Runner {
    conv: PackedConv,
    x: Tensor,
}

impl Runner {
    fn new(kind: Kind) -> Result<Self> {
        let ones = |size: &[i64]| Tensor::f_ones(size, (kind, Device::Cpu));
        let weight = channels_last(&ones(&[SIZE[1], SIZE[1], 3, 3])?)?;
        let same = Geometry {
            padding: 1,
            stride: 1,
        };
        Ok(Self {
            conv: PackedConv::new(&weight, &ones(&SIZE[1..2])?, same, SIZE)?,
            x: channels_last(&ones(&SIZE)?)?,
        })
    }

    fn time(&self) -> Result<Duration> {
        let began = Instant::now();
        let _ = self.conv.forward(&self.x)?;
        Ok(began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gains_little_is_no_gain() {
        let ms = Duration::from_millis;
        assert!(is_gain(ms(10), ms(20)));
        assert!(!is_gain(ms(20), ms(10)));
        assert!(!is_gain(ms(100), ms(105)));
    }

    /// f64 is a kind in which nothing can be packed.
    #[test]
    fn what_cannot_be_packed_does_not_win() {
        assert_eq!(won([Kind::Double, Kind::Float]), None);
        assert_eq!(won([Kind::Float, Kind::Double]), None);
        assert!(won([Kind::Float, Kind::Float]).is_some());
    }

    #[test]
    fn without_instructions_bf16_is_not_used() {
        assert!(has_instructions() || !bf16_pays());
    }
}
