//! Whether this CPU convolves faster in bf16 than in f32, and in eight bits than in either, and gives
//! correct numbers.
//!
//! Having the instructions is not enough: with them Zen 4 and 5 are two to four times as fast as
//! with f32, but Intel's cores since Sapphire Rapids only 0.6 times if a virtual machine hides AMX.
//! So it is measured, in a few milliseconds, on one thread, so that other load rarely interferes. The
//! verdict is remembered (`verdict`), and looked up once per process.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::verdict;
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::options::Precision;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::onednn::{Convolution, End, Packed, Types, Window};
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

/// How a network computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The arithmetic of its maps.
    pub arithmetic: Arithmetic,
    /// Whether its blocks are in eight bits.
    pub eight: bool,
    /// Why it is not what was asked for, if so.
    pub caution: Option<String>,
}

/// What `precision` means on this machine for a network of which the peaks of its maps are known, or
/// not.
pub fn choose(precision: Precision, has_peaks: bool) -> Choice {
    let best = |verdict: Verdict| match verdict.bf16 {
        true => Arithmetic::Bf16,
        false => Arithmetic::F32,
    };
    let choice = |arithmetic, eight, caution| Choice {
        arithmetic,
        eight,
        caution,
    };
    match precision {
        Precision::F32 => choice(Arithmetic::F32, false, None),
        Precision::Auto => {
            let verdict = verdict();
            choice(best(verdict), has_peaks && verdict.int8, None)
        }
        Precision::Bf16 => match fault() {
            None => choice(Arithmetic::Bf16, false, None),
            Some(why) => {
                let caution = Some(format!("bf16 is not used: {why}"));
                choice(Arithmetic::F32, false, caution)
            }
        },
        Precision::Int8 if has_peaks => match bytes_are_right() {
            Ok(true) => choice(best(verdict()), true, None),
            Ok(false) => {
                let caution = "int8 is not used: its sums are wrong on this CPU";
                choice(best(verdict()), false, Some(caution.into()))
            }
            Err(why) => {
                let caution = Some(format!("int8 is not used: {why}"));
                choice(best(verdict()), false, caution)
            }
        },
        Precision::Int8 => {
            let caution = "int8 is not used: nobody has measured how far the maps of this model \
                           reach (ddrmjpeg model calibrate does)";
            choice(best(verdict()), false, Some(caution.into()))
        }
    }
}

/// Whether bf16 is worth its rounding here. It is not if it is wrong or the measurement fails.
pub fn bf16_pays() -> bool {
    verdict().bf16
}

/// What pays on this machine; nothing does if it cannot be measured.
fn verdict() -> Verdict {
    static VERDICT: OnceLock<Verdict> = OnceLock::new();
    *VERDICT.get_or_init(|| verdict::remembered(|| race().ok()).unwrap_or_default())
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

/// What is right, and faster than what it would take the place of.
fn race() -> Result<Verdict> {
    let full = Runner::new(Numbers::F32)?;
    let half = Runner::new(Numbers::Bf16)
        .ok()
        .filter(|_| has_instructions());
    let bytes = Runner::new(Numbers::Bytes).ok();
    let times = fastest(&[Some(&full), half.as_ref(), bytes.as_ref()])?;
    let [full, half, bytes] = [times[0], times[1], times[2]];
    let bf16 = is_gain(half, full) && compare().is_ok();
    Ok(Verdict {
        bf16,
        int8: is_gain(bytes, if bf16 { half } else { full }) && bytes_are_right()?,
    })
}

/// Whether eight bits give the sums that whole numbers have.
fn bytes_are_right() -> Result<bool> {
    let found = Runner::new(Numbers::Bytes)?.run()?;
    let wanted = |at: usize| {
        let sum = sum_of(
            at,
            |i| f64::from(byte(i, INPUT)),
            |i| f64::from(byte(i, WEIGHT)),
        );
        (sum * f64::from(BYTE_SCALE)).round().clamp(0.0, 255.0)
    };
    let mut places = (0..found.len()).step_by(997);
    // One apart where a half is rounded.
    Ok(places.all(|at| (f64::from(found[at]) - wanted(at)).abs() <= 1.0))
}

/// The sum of products for the result `at` of the layer: plain loops over `input` and `weight`.
fn sum_of(at: usize, input: impl Fn(usize) -> f64, weight: impl Fn(usize) -> f64) -> f64 {
    let (inputs, outputs) = (LAYER.input, LAYER.output);
    let (to, x, y) = (at % outputs, at / outputs % WIDTH, at / outputs / WIDTH);
    let mut sum = 0.0;
    for (j, i) in (0..3).flat_map(|j| (0..3).map(move |i| (j, i))) {
        let Some(column) = (x + i).checked_sub(1).filter(|x| *x < WIDTH) else {
            continue;
        };
        for from in 0..inputs {
            let sample = input(((y + j) * WIDTH + column) * inputs + from);
            sum += sample * weight(((to * inputs + from) * 3 + j) * 3 + i);
        }
    }
    sum
}

/// # Errors
/// [`Error::Backend`] if bf16 differs from f32 by more than its rounding, or one of them cannot run.
fn compare() -> Result<()> {
    let [half, full] = [Numbers::Bf16, Numbers::F32].map(Runner::new);
    let distance = far(&half?.result()?, &full?.result()?);
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

/// The best time of each; for ever where there is no runner.
fn fastest(runners: &[Option<&Runner>; 3]) -> Result<[Duration; 3]> {
    let mut best = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        for (best, runner) in best.iter_mut().zip(runners) {
            let Some(runner) = runner else { continue };
            let began = Instant::now();
            runner.run()?;
            *best = began.elapsed().min(*best);
        }
    }
    Ok(best)
}

/// What a runner computes with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    F32,
    Bf16,
    Bytes,
}

/// The layer in one kind of numbers, with an input.
struct Runner {
    packed: Packed,
    numbers: Numbers,
    rows: Vec<u8>,
}

/// Seeds of the numbers of the layer.
const INPUT: f32 = 0.1;
const WEIGHT: f32 = 0.2;
const BIAS: f32 = 0.3;

/// The scale of a result of bytes.
const BYTE_SCALE: f32 = 2e-3;

impl Runner {
    /// # Errors
    /// [`Error::Backend`] if oneDNN has no such convolution for this CPU.
    fn new(numbers: Numbers) -> Result<Self> {
        let missing = |_| {
            let name = match numbers {
                Numbers::F32 => "f32",
                Numbers::Bf16 => "bf16",
                Numbers::Bytes => "int8",
            };
            Error::Backend(format!("oneDNN has no convolutions in {name} for this CPU"))
        };
        Self::of(numbers).map_err(missing)
    }

    fn of(numbers: Numbers) -> Result<Self> {
        let count = (HEIGHT + 2) * WIDTH * LAYER.input;
        let (weights, outputs) = (LAYER.weights(), LAYER.output);
        let input = (0..count).map(|i| number(i, INPUT));
        let plain = |arithmetic| {
            let weight: Vec<f32> = (0..weights).map(|i| number(i, WEIGHT)).collect();
            let bias = (0..outputs).map(|i| number(i, BIAS)).collect();
            Packed::new(LAYER, arithmetic, &weight, bias)
        };
        let (packed, rows) = match numbers {
            Numbers::F32 => {
                let rows = input.flat_map(f32::to_ne_bytes).collect();
                (plain(Arithmetic::F32)?, rows)
            }
            Numbers::Bf16 => {
                let rows = input.flat_map(|x| narrow(x).to_ne_bytes()).collect();
                (plain(Arithmetic::Bf16)?, rows)
            }
            Numbers::Bytes => {
                let weight: Vec<f32> = (0..weights).map(|i| f32::from(byte(i, WEIGHT))).collect();
                let ends = (vec![0.0; outputs], vec![BYTE_SCALE; outputs]);
                let rows = (0..count).map(|i| byte(i, INPUT).cast_unsigned()).collect();
                (Packed::of(LAYER, Types::Bytes, &weight, ends)?, rows)
            }
        };
        Ok(Self {
            packed,
            numbers,
            rows,
        })
    }

    fn run(&self) -> Result<Vec<u8>> {
        let sample = match self.numbers {
            Numbers::F32 => 4,
            Numbers::Bf16 => 2,
            Numbers::Bytes => 1,
        };
        let mut out = vec![0; HEIGHT * WIDTH * LAYER.output * sample];
        let window = Window {
            rows: &self.rows,
            height: HEIGHT + 2,
            width: WIDTH,
            beside: 1,
        };
        self.packed.run(window, End::Relu, &mut out)?;
        Ok(out)
    }

    fn result(&self) -> Result<Vec<f32>> {
        let bytes = self.run()?;
        Ok(match self.numbers {
            Numbers::F32 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|&b| f32::from_ne_bytes(b)).collect()
            }
            Numbers::Bf16 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|&b| widen(u16::from_ne_bytes(b))).collect()
            }
            Numbers::Bytes => bytes.into_iter().map(f32::from).collect(),
        })
    }
}

/// A byte in ±127 that is the same everywhere.
fn byte(i: usize, seed: f32) -> i8 {
    (127.0 * number(i, seed)) as i8
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

    /// Whether oneDNN has convolutions in bf16 for this CPU.
    fn has_bf16() -> bool {
        let has = Runner::new(Numbers::Bf16).is_ok();
        #[cfg(target_arch = "x86_64")]
        assert!(has || !std::arch::is_x86_feature_detected!("avx512bw"));
        has
    }

    #[test]
    fn this_machine_is_right() {
        assert_eq!(fault().is_none(), has_bf16(), "{:?}", fault());
        assert!(race().is_ok());
        let bytes = bytes_are_right().unwrap();
        // Sums of pairs saturate where VNNI is missing.
        #[cfg(target_arch = "x86_64")]
        assert!(bytes || !std::arch::is_x86_feature_detected!("avx512vnni"));
    }

    /// Against plain loops: every hundredth result, sums in f64.
    #[test]
    fn f32_is_what_a_convolution_is() {
        let found = Runner::new(Numbers::F32).unwrap().result().unwrap();
        for at in (0..found.len()).step_by(97) {
            let of = |seed| move |i| f64::from(number(i, seed));
            let sum = sum_of(at, of(INPUT), of(WEIGHT));
            let wanted = (sum + f64::from(number(at % LAYER.output, BIAS))).max(0.0);
            let apart = (f64::from(found[at]) - wanted).abs();
            assert!(apart < 1e-4, "{at}: {} {wanted}", found[at]);
        }
    }

    #[test]
    fn what_differs_is_found() {
        assert!(far(&[1.02, -1.02], &[1.0, -1.0]) > AGREEMENT);
        assert!(far(&[f32::NAN], &[1.0]).is_nan());
    }

    #[test]
    fn what_is_asked_for_is_used_if_it_can_be() {
        assert!(has_instructions() || !bf16_pays());
        let f32 = choose(Precision::F32, true);
        assert_eq!((f32.arithmetic, f32.eight), (Arithmetic::F32, false));
        let bf16 = choose(Precision::Bf16, true);
        match has_bf16() {
            true => assert_eq!(
                (bf16.arithmetic, bf16.eight, bf16.caution),
                (Arithmetic::Bf16, false, None)
            ),
            false => {
                assert_eq!((bf16.arithmetic, bf16.eight), (Arithmetic::F32, false));
                assert!(bf16.caution.unwrap().contains("bf16 is not used"));
            }
        }
        let int8 = choose(Precision::Int8, true);
        let right = bytes_are_right().unwrap();
        assert_eq!((int8.eight, int8.caution.is_none()), (right, right));
        let unmeasured = choose(Precision::Int8, false);
        assert!(!unmeasured.eight && unmeasured.caution.unwrap().contains("calibrate"));
        assert!(!choose(Precision::Auto, false).eight);
    }
}
