//! Whether this CPU convolves faster in bf16 than in f32.
//!
//! Having the instructions does not say so: Zen 4 and 5 have twice to four times the rate of f32 with
//! them, Intel's cores since Sapphire Rapids, where a virtual machine hides AMX, 0.6 times. So it is
//! tried, in some milliseconds; on one thread, so that what else the machine does rarely comes
//! between. The verdict is remembered (`verdict`), and asked for once per process. Called by `backend`
//! on the torch thread.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::verdict;
use crate::error::Result;
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::tensors::load::channels_last;
use crate::runtime::threads::slices::alone;

/// Runs of each, in turns; the fastest counts.
const ROUNDS: usize = 8;

/// What bf16 must gain: below it, its rounding would be for nothing.
const GAIN: f64 = 1.1;

/// A layer of lean's kind, small enough to be over soon: 19 million multiply-adds.
const SIZE: [i64; 4] = [1, 64, 16, 32];

/// Whether bf16 is worth its rounding here. Where nothing can be packed, or it fails, it is not.
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

/// Whether the first kind is faster than the second by what it must gain; `None` where one of them
/// cannot run.
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

    /// f64 stands for a kind that nothing is packed in.
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
