//! How much neighbouring samples differ, column by column and row by row.

use crate::simd;
use crate::simd::Kernel;

/// Larger steps are edges of the picture, not seams.
const LARGEST_STEP: f32 = 24.0;
/// Keeps kinks of flat places, which are noise, small.
const FLAT: f32 = 3.0;
/// Columns over which a profile is compared with its surroundings, odd.
const AROUND: usize = 17;
/// No value of a profile counts for more than this many standard deviations.
const MOST: f64 = 3.0;

/// One axis of a picture: a value for each column, or each row.
pub(super) struct Profile {
    /// Mean step from this column to the next.
    pub steps: Vec<f64>,
    /// Mean kink at this column, 0..1: how far it is from the middle between its neighbours, in
    /// parts of what they differ from it.
    pub kinks: Vec<f64>,
}

impl Profile {
    /// Columns and rows of the part of `plane` at these spans (start, length).
    pub fn both(
        plane: &[f32],
        stride: usize,
        (left, width): (usize, usize),
        (top, height): (usize, usize),
    ) -> [Self; 2] {
        let row = |y: usize| &plane[(top + y) * stride + left..][..width];
        let mut columns = Sums::new(width);
        let mut rows = Self {
            steps: vec![0.0; height],
            kinks: vec![0.0; height],
        };
        let mut across = Sums::new(width);
        for y in 0..height {
            let here = row(y);
            columns.add([&here[..width - 2], &here[1..width - 1], &here[2..]]);
            if y > 0 && y + 1 < height {
                across.clear();
                across.add([row(y - 1), here, row(y + 1)]);
                rows.kinks[y] = mean(&across.kinks);
                rows.steps[y] = mean(&across.steps);
            }
        }
        rows.close();
        [columns.profile(height), rows]
    }

    /// The ends, which have no neighbours, are like those beside them.
    fn close(&mut self) {
        for values in [&mut self.steps, &mut self.kinks] {
            let last = values.len() - 1;
            values[0] = values[1];
            values[last] = values[last - 1];
        }
    }
}

/// Sums over rows, column by column.
struct Sums {
    steps: Vec<f32>,
    kinks: Vec<f32>,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self {
            steps: vec![0.0; width],
            kinks: vec![0.0; width],
        }
    }

    fn clear(&mut self) {
        self.steps.fill(0.0);
        self.kinks.fill(0.0);
    }

    /// Adds the steps from `here` to `after`, and the kinks at `here`.
    fn add(&mut self, rows: [&[f32]; 3]) {
        simd::run(Add { sums: self, rows });
    }

    /// The means of columns over `count` rows; what was added began at the second column.
    fn profile(&self, count: usize) -> Profile {
        let spread = |sums: &[f32]| {
            let mut values = vec![0.0; sums.len()];
            for (value, sum) in values[1..].iter_mut().zip(sums) {
                *value = f64::from(*sum) / count as f64;
            }
            values
        };
        let mut profile = Profile {
            steps: spread(&self.steps),
            kinks: spread(&self.kinks),
        };
        profile.close();
        profile
    }
}

struct Add<'a> {
    sums: &'a mut Sums,
    rows: [&'a [f32]; 3],
}

impl Kernel for Add<'_> {
    #[inline(always)]
    fn run(self) {
        let [before, here, after] = self.rows;
        let samples = before.iter().zip(here).zip(after);
        let sums = self.sums.steps.iter_mut().zip(&mut self.sums.kinks);
        for ((step, kink), ((a, b), c)) in sums.zip(samples) {
            let (left, right) = ((a - b).abs(), (c - b).abs());
            *step += right.min(LARGEST_STEP);
            *kink += (a - 2.0 * b + c).abs() / (left + right + FLAT);
        }
    }
}

fn mean(values: &[f32]) -> f64 {
    f64::from(values.iter().sum::<f32>()) / values.len() as f64
}

/// What of `values` stands out of its surroundings, without outliers.
pub(super) fn standing_out(values: &[f64]) -> Vec<f64> {
    let (half, last) = ((AROUND / 2) as isize, values.len() as isize - 1);
    // Beyond an end the values are mirrored at it.
    let at = |i: isize| values[i.abs().min(2 * last - i.abs()).max(0) as usize];
    let mut out: Vec<f64> = (0..=last)
        .map(|i| at(i) - (i - half..=i + half).map(at).sum::<f64>() / AROUND as f64)
        .collect();
    clip(&mut out);
    out
}

/// Limits `values` to [`MOST`] standard deviations.
pub(super) fn clip(values: &mut [f64]) {
    let squares: f64 = values.iter().map(|v| v * v).sum();
    let most = MOST * (squares / values.len() as f64).sqrt();
    for value in values {
        *value = value.clamp(-most, most);
    }
}
