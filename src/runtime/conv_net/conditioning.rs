//! The input vector that describes how the picture was quantised.

use crate::contract::{Hint, QuantSteps};

/// 1, four band means of luma, four of chroma, and the sampling one-hot.
pub const LENGTH: usize = 12;

/// First and last u + v of each band.
pub(crate) const BANDS: [(usize, usize); 4] = [(0, 0), (1, 2), (3, 5), (6, 14)];

/// 1 | per band, luma then chroma: mean log2(step) / 4 − 1 | 4:4:4, 4:2:2, 4:2:0 one-hot,
/// other samplings as the nearest.
pub fn describe(hint: &Hint) -> [f32; LENGTH] {
    features(&hint.luma, &hint.chroma, hint.subsampling)
}

/// The same of tables and sampling alone.
pub(crate) fn features(
    luma: &QuantSteps,
    chroma: &QuantSteps,
    subsampling: (usize, usize),
) -> [f32; LENGTH] {
    let mut out = [0.0; LENGTH];
    out[0] = 1.0;
    out[1..5].copy_from_slice(&band_means(luma));
    out[5..9].copy_from_slice(&band_means(chroma));
    let sampling = match subsampling {
        (1, 1) => 0,
        (h, v) if h * v == 2 => 1,
        _ => 2,
    };
    out[9 + sampling] = 1.0;
    out
}

fn band_means(steps: &QuantSteps) -> [f32; 4] {
    BANDS.map(|(first, last)| {
        let inside = |i: &usize| (first..=last).contains(&(i / 8 + i % 8));
        let logs: Vec<f64> = (0..64)
            .filter(inside)
            .map(|i| f64::from(steps[i]).log2())
            .collect();
        (logs.iter().sum::<f64>() / logs.len() as f64 / 4.0 - 1.0) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;

    #[test]
    fn bands_are_means_of_logarithms() {
        let mut steps = [16; 64];
        steps[0] = 256;
        let hint = Hint {
            decoded: Picture::new(3, 8, 8),
            luma: steps,
            chroma: [1; 64],
            subsampling: (2, 2),
        };
        let found = describe(&hint);
        assert_eq!(found[..5], [1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found[5..], [-1.0, -1.0, -1.0, -1.0, 0.0, 0.0, 1.0]);
    }
}
