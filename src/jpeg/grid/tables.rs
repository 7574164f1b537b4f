//! Quantisation tables for a quality: libjpeg's integers, and the published floats.
//!
//! Also the inverse: the quality nearest to a table. Always in natural order (entry `v * 8 + u`, u
//! the horizontal frequency); zigzag order exists only in files.

use crate::contract::QuantSteps;

/// Base luminance table, ITU-T T.81 table K.1.
pub const BASE_LUMA: QuantSteps = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// Base chrominance table, ITU-T T.81 table K.2.
pub const BASE_CHROMA: QuantSteps = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Scales `base` as libjpeg does for `quality` 1..=100 (clamped), entries 1..=255.
///
/// Source: `jpeg_quality_scaling` and `jpeg_add_quant_table` with baseline forced; the integer
/// divisions are libjpeg's.
pub fn ijg(base: &QuantSteps, quality: u8) -> QuantSteps {
    let scale = ijg_scale(quality);
    base.map(|step| scaled(step, scale, BASELINE))
}

/// The largest step of a baseline file.
const BASELINE: i32 = 255;

/// The limit that libjpeg applied to a table with `steps`: up to 32767 unless it is forced to
/// baseline; `cjpeg -quality 20` does not force it.
fn limit(steps: &QuantSteps) -> i32 {
    match steps.iter().any(|&step| i32::from(step) > BASELINE) {
        true => 32_767,
        false => BASELINE,
    }
}

/// Whether libjpeg derives `steps` from `base` at `quality`, with steps of 8 or 16 bits.
pub fn is_ijg(base: &QuantSteps, quality: u8, steps: &QuantSteps) -> bool {
    let (scale, limit) = (ijg_scale(quality), limit(steps));
    let mut pairs = base.iter().zip(steps);
    pairs.all(|(&base, &step)| scaled(base, scale, limit) == step)
}

/// Hundredths of the base table.
fn ijg_scale(quality: u8) -> i32 {
    match i32::from(quality.clamp(1, 100)) {
        quality @ ..50 => 5000 / quality,
        quality => 200 - 2 * quality,
    }
}

fn scaled(step: u16, scale: i32, limit: i32) -> u16 {
    ((i32::from(step) * scale + 50) / 100).clamp(1, limit) as u16
}

/// libjpeg's luminance and chrominance tables for `quality` 1..=100 (clamped).
pub fn ijg_pair(quality: u8) -> (QuantSteps, QuantSteps) {
    (ijg(&BASE_LUMA, quality), ijg(&BASE_CHROMA, quality))
}

/// Scales `base` as the published DDRM-JPEG does for `quality` 1..=100 (clamped).
///
/// The scale is a float there, so 34 of the 100 qualities differ from libjpeg's. Only for
/// comparison with published numbers.
pub fn published(base: &QuantSteps, quality: u8) -> QuantSteps {
    let quality = f64::from(quality.clamp(1, 100));
    let scale = if quality < 50.0 {
        5000.0 / quality
    } else {
        200.0 - 2.0 * quality
    };
    base.map(|step| {
        let scaled = (f64::from(step) * scale + 50.0) / 100.0;
        scaled.floor().clamp(1.0, 255.0) as u16
    })
}

/// The step in place of one of 0, which says nothing: coefficients of 8-bit samples lie within 1024
/// of 0, so its cell about level 0 holds all of them.
const OPEN: u16 = 2048;

/// Replaces AC steps of 0. Some encoders write them at their lowest qualities; decoders show their
/// coefficients as 0. Returns which they were.
pub fn open_zeros(steps: &mut QuantSteps) -> Vec<usize> {
    let zeros: Vec<usize> = (1..64).filter(|&at| steps[at] == 0).collect();
    for &at in &zeros {
        steps[at] = OPEN;
    }
    zeros
}

/// Sets the coefficients `open`, whose levels say nothing, to 0 in each block.
pub fn clear(levels: &mut [[i16; 64]], open: &[usize]) {
    for &at in open {
        levels.iter_mut().for_each(|block| block[at] = 0);
    }
}

/// A quality and how well its table fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearestQuality {
    /// IJG quality, 1..=100.
    pub quality: u8,
    /// Whether the table is exactly libjpeg's for that quality.
    pub exact: bool,
}

/// The IJG quality whose table is nearest to `steps`, by mean absolute difference of log2.
pub fn nearest_quality(base: &QuantSteps, steps: &QuantSteps) -> NearestQuality {
    let limit = limit(steps);
    let distance = |quality: u8| {
        let scale = ijg_scale(quality);
        let off = |a: u16, b: u16| (f64::from(a).log2() - f64::from(b.max(1)).log2()).abs();
        let pairs = base.iter().zip(steps);
        pairs
            .map(|(&base, &step)| off(scaled(base, scale, limit), step))
            .sum::<f64>()
    };
    let mut best = (f64::INFINITY, 1);
    for quality in 1..=100 {
        let d = distance(quality);
        if d < best.0 {
            best = (d, quality);
        }
    }
    NearestQuality {
        quality: best.1,
        exact: is_ijg(base, best.1, steps),
    }
}

/// The lowest quality at which libjpeg derives exactly `steps` from `base`, with steps of 8 or 16
/// bits. Takes less than a microsecond.
pub fn exact_quality(base: &QuantSteps, steps: &QuantSteps) -> Option<u8> {
    (1..=100).find(|&quality| is_ijg(base, quality, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_is_what_nearest_calls_exact() {
        for quality in 1..=100 {
            let table = ijg(&BASE_LUMA, quality);
            let found = exact_quality(&BASE_LUMA, &table).unwrap();
            assert_eq!(ijg(&BASE_LUMA, found), table);
            let other = table.map(|step| step + 1);
            let exact = nearest_quality(&BASE_LUMA, &other).exact;
            assert_eq!(exact_quality(&BASE_LUMA, &other).is_some(), exact);
        }
    }

    #[test]
    fn quality_50_is_the_base_table() {
        assert_eq!(ijg(&BASE_LUMA, 50), BASE_LUMA);
        assert_eq!(published(&BASE_CHROMA, 50), BASE_CHROMA);
    }

    /// The float tables differ from libjpeg's at 34 of 100 qualities.
    #[test]
    fn published_tables_differ_from_libjpeg_at_34_qualities() {
        let differ = (1..=100).filter(|&q| {
            ijg(&BASE_LUMA, q) != published(&BASE_LUMA, q)
                || ijg(&BASE_CHROMA, q) != published(&BASE_CHROMA, q)
        });
        assert_eq!(differ.count(), 34);
    }

    #[test]
    fn every_table_but_the_saturated_ones_finds_its_quality() {
        for quality in 1..=100 {
            let table = ijg(&BASE_LUMA, quality);
            let found = nearest_quality(&BASE_LUMA, &table);
            assert!(found.exact, "quality {quality}");
            assert_eq!(ijg(&BASE_LUMA, found.quality), table);
        }
    }

    /// `cjpeg -quality 20`, without -baseline: the step at the end of row 4 is 250 % of 109.
    #[test]
    fn steps_of_16_bits_are_libjpegs_too() {
        let table = BASE_LUMA.map(|step| (step * 250 + 50) / 100);
        assert_eq!(table[37], 273);
        assert_ne!(ijg(&BASE_LUMA, 20), table);
        assert_eq!(exact_quality(&BASE_LUMA, &table), Some(20));
        let found = nearest_quality(&BASE_LUMA, &table);
        assert_eq!((found.quality, found.exact), (20, true));
    }

    #[test]
    fn a_camera_table_is_near_but_not_exact() {
        let mut table = ijg(&BASE_LUMA, 80);
        table[5] += 3;
        let found = nearest_quality(&BASE_LUMA, &table);
        assert_eq!((found.quality, found.exact), (80, false));
    }
}
