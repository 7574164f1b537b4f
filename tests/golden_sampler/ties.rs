//! Two pictures that went through the published operator, compared: alike to a rounding, but for
//! coefficients that lay at a tie and were rounded the other way.
//!
//! Such a flip moves a whole block of pixels. It is found as what it is, a change of one
//! coefficient by one step, counted and taken out; what is left of the difference has to be
//! rounding, and the coefficient has to have been at a tie.

use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::published_operator::{PublishedJpeg, PublishedLevels};

/// Relative L2 of what may differ: sums in f32, in another order.
pub const ROUNDING: f64 = 1e-5;

/// How far from a tie, in steps, a coefficient may lie that flipped: coefficients of two estimates
/// that differ by a rounding are within 5e-5 steps of each other.
pub const AT_A_TIE: f32 = 1e-3;

/// One in so many coefficients may flip.
pub const COEFFICIENTS_PER_FLIP: usize = 10_000;

/// Two pictures that hold `weight` · decode(encode(`estimate`)), and else the same.
pub struct Pair<'a> {
    /// What was computed here.
    pub ours: &'a Picture,
    /// What was recorded.
    pub recorded: &'a Picture,
    /// What was encoded, as recorded.
    pub estimate: &'a Picture,
    /// How much of the decoded picture is in it.
    pub weight: f32,
}

/// Coefficients seen, and how many of them flipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub coefficients: usize,
    pub flips: usize,
}

impl Count {
    pub fn add(&mut self, other: Self) {
        self.coefficients += other.coefficients;
        self.flips += other.flips;
    }

    /// Refuses more flips than ties explain.
    pub fn check(self) -> Result<(), String> {
        if self.flips * COEFFICIENTS_PER_FLIP <= self.coefficients {
            return Ok(());
        }
        Err(format!("too many flips: {self:?}"))
    }
}

/// ‖a - b‖ / ‖b‖, held to [`ROUNDING`].
pub fn alike(ours: &[f32], recorded: &[f32]) -> Result<(), String> {
    let distance = super::golden::relative_l2(ours, recorded);
    // Not the other way round: a NaN is not alike.
    if distance <= ROUNDING {
        return Ok(());
    }
    Err(format!("{distance:e} apart, more than {ROUNDING:e}"))
}

/// Compares the pair; how many coefficients flipped, or what cannot be explained by flips.
pub fn compare(operator: &PublishedJpeg, pair: &Pair<'_>) -> Result<Count, String> {
    let levels = operator.encode(pair.estimate).unwrap();
    let flipped = flipped(operator, pair, &levels);
    let flips = count(operator, pair.estimate, &flipped)?;
    let mut moved = levels.clone();
    for (level, by) in values(&mut moved).zip(&flipped) {
        *level += by;
    }
    let (before, after) = (operator.decode(&levels), operator.decode(&moved));
    let mut mended = pair.ours.clone();
    for (i, value) in mended.data.iter_mut().enumerate() {
        *value -= pair.weight * (after.data[i] - before.data[i]);
    }
    alike(&mended.data, &pair.recorded.data)?;
    Ok(Count {
        coefficients: flipped.len(),
        flips,
    })
}

/// By how many steps each coefficient differs, as the difference of the pictures says.
///
/// The difference is laid on a decoded picture, which encodes to its own levels: nothing is near a
/// tie there, so that roundings change no level and a flip changes one.
fn flipped(operator: &PublishedJpeg, pair: &Pair<'_>, levels: &PublishedLevels) -> Vec<f32> {
    let mut laid = operator.decode(levels);
    for (i, value) in laid.data.iter_mut().enumerate() {
        *value += (pair.ours.data[i] - pair.recorded.data[i]) / pair.weight;
    }
    let mut laid = operator.encode(&laid).unwrap();
    let mut levels = levels.clone();
    let pairs = values(&mut laid).zip(values(&mut levels));
    pairs.map(|(laid, level)| *laid - *level).collect()
}

/// How many flips there are, each by one step and at a tie of the estimate.
fn count(operator: &PublishedJpeg, estimate: &Picture, flipped: &[f32]) -> Result<usize, String> {
    let mut unrounded = operator.unrounded(estimate).unwrap();
    let mut flips = 0;
    for (i, (coefficient, &by)) in values(&mut unrounded).zip(flipped).enumerate() {
        if by == 0.0 {
            continue;
        }
        let off = (coefficient.rem_euclid(1.0) - 0.5).abs();
        if by.abs() > 1.0 || off > AT_A_TIE {
            return Err(format!(
                "coefficient {i} of {coefficient} steps moved by {by}, {off:e} off a tie"
            ));
        }
        flips += 1;
    }
    Ok(flips)
}

fn values(levels: &mut PublishedLevels) -> impl Iterator<Item = &mut f32> {
    levels.planes.iter_mut().flatten()
}

mod tests {
    use super::{COEFFICIENTS_PER_FLIP, Count, Pair, ROUNDING, alike, compare, values};
    use ddrmjpeg::frame::Picture;
    use ddrmjpeg::jpeg::grid::published_operator::PublishedJpeg;

    const QUALITY: u8 = 30;
    const WEIGHT: f32 = -0.3;

    /// An estimate with some coefficients on a tie, and the pictures made of it with each of these
    /// rounded up and down. `off`: how far from the tie they lie, in steps.
    fn torn(places: &[usize], off: f32) -> [Picture; 3] {
        let operator = PublishedJpeg::new(QUALITY);
        let wave = |i: usize| (0.37 * i as f32).sin() * 0.7 + (0.011 * i as f32).cos() * 0.2;
        let x = Picture::from_data(3, 32, 32, (0..3 * 32 * 32).map(wave).collect()).unwrap();
        let down = operator.encode(&x).unwrap();
        let raised = |by: f32| {
            let mut levels = down.clone();
            let mut all: Vec<&mut f32> = values(&mut levels).collect();
            places.iter().for_each(|&i| *all[i] += by);
            operator.decode(&levels)
        };
        let state = |decoded: Picture| {
            let mut state = x.clone();
            for (value, decoded) in state.data.iter_mut().zip(decoded.data) {
                *value = 0.5 * *value + WEIGHT * decoded;
            }
            state
        };
        [raised(0.5 + off), state(raised(1.0)), state(raised(0.0))]
    }

    fn compared([estimate, ours, recorded]: &[Picture; 3]) -> Result<Count, String> {
        let pair = Pair {
            ours,
            recorded,
            estimate,
            weight: WEIGHT,
        };
        compare(&PublishedJpeg::new(QUALITY), &pair)
    }

    /// Adds to `x` a wave of which no coefficient comes near half a step, `relative` as long as it.
    fn disturb(x: &mut Picture, relative: f64) {
        let square: f64 = x.data.iter().map(|&x| f64::from(x * x)).sum();
        let amplitude = relative * (2.0 * square / x.data.len() as f64).sqrt();
        for (i, x) in x.data.iter_mut().enumerate() {
            *x += (amplitude * (1.7 * i as f64).sin()) as f32;
        }
    }

    #[test]
    fn a_flip_at_a_tie_is_counted() {
        for places in [vec![], vec![3], vec![0, 700, 1024, 1500]] {
            let count = compared(&torn(&places, 1e-4)).unwrap();
            assert_eq!((count.coefficients, count.flips), (1536, places.len()));
        }
    }

    #[test]
    fn a_level_that_moves_away_from_a_tie_is_an_error() {
        let error = compared(&torn(&[9], 0.01)).unwrap_err();
        assert!(error.contains("coefficient 9 of"), "{error}");
    }

    #[test]
    fn a_level_that_moves_by_two_steps_is_an_error() {
        let error = compared(&torn(&[9, 9], -0.25)).unwrap_err();
        assert!(error.contains("moved by 2"), "{error}");
    }

    /// With and without a flip beside it.
    #[test]
    fn a_difference_that_is_no_flip_is_an_error() {
        for places in [vec![], vec![5]] {
            let mut near = torn(&places, 0.0);
            disturb(&mut near[1], 0.8 * ROUNDING);
            assert_eq!(compared(&near).unwrap().flips, places.len());
            let mut far = torn(&places, 0.0);
            disturb(&mut far[1], 1.25 * ROUNDING);
            let error = compared(&far).unwrap_err();
            assert!(error.contains("apart"), "{error}");
        }
    }

    #[test]
    fn more_flips_than_one_in_ten_thousand_are_an_error() {
        let of = |coefficients, flips| Count {
            coefficients,
            flips,
        };
        let mut sum = of(COEFFICIENTS_PER_FLIP - 1, 1);
        assert!(sum.check().is_err());
        sum.add(of(1, 0));
        assert_eq!(sum.check(), Ok(()));
        sum.add(of(0, 1));
        assert!(sum.check().unwrap_err().contains("flips: 2"));
    }

    #[test]
    fn what_is_no_number_is_not_alike() {
        assert!(alike(&[f32::NAN, 1.0], &[1.0, 1.0]).is_err());
        assert_eq!(alike(&[1.0, 1.0], &[1.0, 1.0]), Ok(()));
    }
}
