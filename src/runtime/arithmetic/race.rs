//! Whether this CPU convolves faster in bf16 than in f32, and gives correct numbers.
//!
//! Having the instructions is not enough: with them Zen 4 and 5 are two to four times as fast as
//! with f32, but Intel's cores since Sapphire Rapids only 0.6 times if a virtual machine hides AMX.
//! So it is measured, in a few milliseconds, on one thread, so that other load rarely interferes. The
//! verdict is remembered (`verdict`), and looked up once per process.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::verdict;
use crate::error::{Error, Result};
use crate::options::Precision;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::onednn::{Convolution, End, Packed, Window};
use crate::runtime::samples::{narrow, widen};

/// Runs of each, taking turns; the fastest counts.
const ROUNDS: usize = 8;

/// How much faster bf16 must be to make up for its rounding.
const GAIN: f64 = 1.1;

/// Allowed relative L2 distance from f32: inputs rounded to bf16 and results rounded once give 2^-9
/// each, so three roundings are 0.4 %; a wrong kernel is off by tens of percent.
const AGREEMENT: f64 = 1e-2;

/// A layer like those of lean, but small: 19 million multiply-adds.
const LAYER: Convolution = Convolution {
    input: 64,
    output: 64,
    side: 3,
    stride: 1,
};
const HEIGHT: usize = 16;
const WIDTH: usize = 32;

/// The arithmetic for `precision`, and why it is not the one that was asked for, if so.
pub fn choose(precision: Precision) -> (Arithmetic, Option<String>) {
    match precision {
        Precision::F32 => (Arithmetic::F32, None),
        Precision::Auto if bf16_pays() => (Arithmetic::Bf16, None),
        Precision::Auto => (Arithmetic::F32, None),
        Precision::Bf16 => match fault() {
            None => (Arithmetic::Bf16, None),
            Some(why) => (Arithmetic::F32, Some(format!("bf16 is not used: {why}"))),
        },
    }
}

/// Whether bf16 is worth its rounding here. It is not if it is wrong or the measurement fails.
pub fn bf16_pays() -> bool {
    static PAYS: OnceLock<bool> = OnceLock::new();
    *PAYS.get_or_init(|| has_instructions() && verdict::remembered(won).unwrap_or(false))
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

/// Why bf16 must not be used on this CPU; `None` if it may.
fn fault() -> Option<String> {
    static FAULT: OnceLock<Option<String>> = OnceLock::new();
    let tried = || compare().err().map(|why| why.to_string());
    FAULT.get_or_init(tried).clone()
}

/// Whether bf16 is right and faster by at least `GAIN`; `None` if one of them cannot run.
fn won() -> Option<bool> {
    let (half, full) = runners().ok()?;
    let [half_time, full_time] = fastest([&half, &full]).ok()?;
    Some(compare().is_ok() && is_gain(half_time, full_time))
}

fn runners() -> Result<(Runner, Runner)> {
    Ok((
        Runner::new(Arithmetic::Bf16)?,
        Runner::new(Arithmetic::F32)?,
    ))
}

/// # Errors
/// [`Error::Backend`] if bf16 differs from f32 by more than its rounding, or one of them cannot run.
fn compare() -> Result<()> {
    let (half, full) = runners()?;
    let distance = far(&half.result()?, &full.result()?);
    // Written so that NaN does not pass.
    match distance < AGREEMENT {
        true => Ok(()),
        false => Err(Error::Backend(format!(
            "a convolution in bf16 differs from f32 by {distance:.3}, at most {AGREEMENT} is allowed"
        ))),
    }
}

/// Relative L2.
fn far(found: &[f32], wanted: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let apart: f64 = found.iter().zip(wanted).map(|(a, b)| square(a - b)).sum();
    let size: f64 = wanted.iter().map(|&b| square(b)).sum();
    (apart / size).sqrt()
}

fn is_gain(half: Duration, full: Duration) -> bool {
    full.as_secs_f64() > GAIN * half.as_secs_f64()
}

fn fastest(runners: [&Runner; 2]) -> Result<[Duration; 2]> {
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, runner) in best.iter_mut().zip(runners) {
            let began = Instant::now();
            runner.run()?;
            *best = began.elapsed().min(*best);
        }
    }
    Ok(best)
}

/// The layer in one arithmetic, with an input.
struct Runner {
    packed: Packed,
    arithmetic: Arithmetic,
    rows: Vec<u8>,
}

impl Runner {
    fn new(arithmetic: Arithmetic) -> Result<Self> {
        let numbers = |count: usize, seed: f32| (0..count).map(move |i| number(i, seed));
        let weight: Vec<f32> = numbers(LAYER.weights(), 0.2).collect();
        let bias = numbers(LAYER.output, 0.3).collect();
        let input = numbers((HEIGHT + 2) * WIDTH * LAYER.input, 0.1);
        Ok(Self {
            packed: Packed::new(LAYER, arithmetic, &weight, bias)?,
            arithmetic,
            rows: match arithmetic {
                Arithmetic::F32 => input.flat_map(f32::to_ne_bytes).collect(),
                Arithmetic::Bf16 => input.flat_map(|x| narrow(x).to_ne_bytes()).collect(),
            },
        })
    }

    fn run(&self) -> Result<Vec<u8>> {
        let mut out = vec![0; HEIGHT * WIDTH * LAYER.output * self.arithmetic.bytes()];
        let window = Window {
            rows: &self.rows,
            height: HEIGHT + 2,
            width: WIDTH,
            beside: 1,
        };
        self.packed.run(window, End::Plain, &mut out)?;
        Ok(out)
    }

    fn result(&self) -> Result<Vec<f32>> {
        let bytes = self.run()?;
        Ok(match self.arithmetic {
            Arithmetic::F32 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|&b| f32::from_ne_bytes(b))
                .collect(),
            Arithmetic::Bf16 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|&b| widen(u16::from_ne_bytes(b))).collect()
            }
        })
    }
}

/// Numbers in ±1 that are the same everywhere, as bf16 has them.
fn number(i: usize, seed: f32) -> f32 {
    widen(narrow((i as f32 * (12.9898 + seed)).sin()))
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

    #[test]
    fn this_machine_is_right() {
        assert_eq!(fault(), None);
        assert!(won().is_some());
    }

    /// f32 against plain loops: every hundredth result, sums in f64.
    #[test]
    fn f32_is_what_a_convolution_is() {
        let runner = Runner::new(Arithmetic::F32).unwrap();
        let found = runner.result().unwrap();
        let Convolution { input, output, .. } = LAYER;
        for at in (0..found.len()).step_by(97) {
            let (to, x, y) = (at % output, at / output % WIDTH, at / output / WIDTH);
            let mut sum = f64::from(number(to, 0.3));
            for (j, i) in (0..3).flat_map(|j| (0..3).map(move |i| (j, i))) {
                let Some(column) = (x + i).checked_sub(1).filter(|x| *x < WIDTH) else {
                    continue;
                };
                for from in 0..input {
                    let x = number(((y + j) * WIDTH + column) * input + from, 0.1);
                    let w = number(((to * input + from) * 3 + j) * 3 + i, 0.2);
                    sum += f64::from(x) * f64::from(w);
                }
            }
            let apart = (f64::from(found[at]) - sum).abs();
            assert!(apart < 1e-4, "{at}: {} {sum}", found[at]);
        }
    }

    #[test]
    fn what_differs_is_found() {
        assert!(far(&[1.02, -1.02], &[1.0, -1.0]) > AGREEMENT);
        assert!(far(&[f32::NAN], &[1.0]).is_nan());
    }

    #[test]
    fn without_instructions_bf16_is_not_used() {
        assert!(has_instructions() || !bf16_pays());
        assert_eq!(choose(Precision::F32), (Arithmetic::F32, None));
        assert_eq!(choose(Precision::Bf16), (Arithmetic::Bf16, None));
    }
}
