//! RGB and YCbCr as in JFIF: BT.601 weights, full range, chroma centred.
//!
//! Samples are f32 in 8-bit levels, 0..=255, never rounded or clamped here. Chroma is signed (128
//! is added when converting to 8 bits), so the transform is linear.

/// R, G, B to Y, Cb − 128, Cr − 128. Source: JFIF 1.02, page 3.
#[inline(always)]
pub fn rgb_to_ycc([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    [y, (b - y) / 1.772, (r - y) / 1.402]
}

/// Y, Cb − 128, Cr − 128 to R, G, B.
#[inline(always)]
pub fn ycc_to_rgb([y, cb, cr]: [f32; 3]) -> [f32; 3] {
    let r = y + 1.402 * cr;
    let b = y + 1.772 * cb;
    let g = (y - 0.299 * r - 0.114 * b) / 0.587;
    [r, g, b]
}

/// From the `[-1, 1]` range of pictures to 8-bit levels.
#[inline(always)]
pub fn to_level(x: f32) -> f32 {
    x * 127.5 + 127.5
}

/// From 8-bit levels to the `[-1, 1]` range of pictures.
#[inline(always)]
pub fn from_level(level: f32) -> f32 {
    (level - 127.5) / 127.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for rgb in [[0.0, 0.0, 0.0], [255.0, 0.0, 12.0], [17.0, 200.0, 90.0]] {
            let back = ycc_to_rgb(rgb_to_ycc(rgb));
            // Four f32 operations on values up to 450.
            assert!(
                back.iter().zip(&rgb).all(|(a, b)| (a - b).abs() < 1e-3),
                "{back:?}"
            );
        }
    }

    #[test]
    fn primaries_are_jfif() {
        let [y, cb, cr] = rgb_to_ycc([255.0, 0.0, 0.0]);
        assert!(
            (y - 76.245).abs() < 1e-3 && (cb + 43.028).abs() < 1e-2 && (cr - 127.5).abs() < 1e-3
        );
    }
}
