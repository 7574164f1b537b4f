//! Windows of one size over a picture of any size, for priors that see nothing else.
//!
//! Origins lie on multiples of [`ALIGN_PX`], the largest common MCU, so that a window sees
//! JPEG's blocks as a picture of its own would have them. Neighbours overlap, and each window
//! counts at a pixel by a weight that falls to nothing at its inner edges. One axis at a time:
//! the windows of a picture are all pairs, their weights the products. No pixels here.

/// Origins are multiples of this.
pub const ALIGN_PX: usize = 16;

/// The windows of one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The length that the windows cover: the picture's, or what it must be padded to.
    pub padded: usize,
    /// The windows, in order.
    pub spans: Vec<Span>,
}

/// One window of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The first pixel, a multiple of [`ALIGN_PX`].
    pub start: usize,
    /// How much it counts at each of its pixels, in `(0, 1]`; at every pixel of the axis the
    /// weights of all windows add up to 1.
    pub weights: Vec<f32>,
}

/// Covers `length` pixels with windows of `side`, as few as overlap by `overlap` or more.
///
/// `overlap` is lowered to what leaves a stride of [`ALIGN_PX`] at least. A length that no
/// aligned windows fit is padded: to `side` when it is shorter, else by less than `ALIGN_PX`.
pub fn cover(length: usize, side: usize, overlap: usize) -> Axis {
    let side = side.max(1);
    let starts = starts(length, side, overlap);
    let ramp = overlap.clamp(1, side);
    let mut spans: Vec<Span> = (0..starts.len())
        .map(|i| Span {
            start: starts[i],
            weights: bump(side, ramp, i > 0, i + 1 < starts.len()),
        })
        .collect();
    let padded = starts.last().map_or(side, |last| last + side);
    normalise(&mut spans, padded);
    Axis { padded, spans }
}

/// Evenly spread, in units of the alignment: no stride is longer than side − overlap.
fn starts(length: usize, side: usize, overlap: usize) -> Vec<usize> {
    let last = length.saturating_sub(side).div_ceil(ALIGN_PX);
    let stride = (side.saturating_sub(overlap) / ALIGN_PX).max(1);
    let gaps = last.div_ceil(stride);
    (0..=gaps)
        .map(|i| ALIGN_PX * (i * last / gaps.max(1)))
        .collect()
}

/// 1, falling as a squared cosine over `ramp` pixels towards an edge where there is a neighbour.
fn bump(side: usize, ramp: usize, left: bool, right: bool) -> Vec<f32> {
    let rise = |distance: usize| {
        let phase = (distance as f64 + 0.5) / ramp as f64;
        (std::f64::consts::FRAC_PI_2 * phase.min(1.0)).sin().powi(2) as f32
    };
    (0..side)
        .map(|i| {
            let from_left = if left { rise(i) } else { 1.0 };
            let from_right = if right { rise(side - 1 - i) } else { 1.0 };
            from_left * from_right
        })
        .collect()
}

/// Divides the weights by their sum at each pixel.
fn normalise(spans: &mut [Span], padded: usize) {
    let mut sums = vec![0.0; padded];
    for span in &*spans {
        for (sum, weight) in sums[span.start..].iter_mut().zip(&span.weights) {
            *sum += weight;
        }
    }
    for span in spans {
        for (weight, sum) in span.weights.iter_mut().zip(&sums[span.start..]) {
            *weight /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_are_aligned_inside_and_overlap(
            length in 1usize..3000, side in 16usize..600, share in 0.0f64..0.9
        ) {
            let overlap = (share * side as f64) as usize;
            let axis = cover(length, side, overlap);
            prop_assert!(axis.padded >= length && axis.padded < length.max(side) + ALIGN_PX);
            prop_assert_eq!(axis.spans[0].start, 0);
            prop_assert_eq!(axis.spans.last().unwrap().start + side, axis.padded);
            for span in &axis.spans {
                prop_assert!(span.start % ALIGN_PX == 0 && span.start + side <= axis.padded);
                prop_assert_eq!(span.weights.len(), side);
            }
            // No stride is shorter than the alignment, whatever overlap is asked for.
            let least = overlap.min(side - ALIGN_PX);
            for pair in axis.spans.windows(2) {
                let stride = pair[1].start - pair[0].start;
                prop_assert!(stride >= ALIGN_PX && side >= stride + least, "{stride}");
            }
        }

        /// A few f32 roundings of a sum of weights of at most 1.
        #[test]
        fn weights_add_up_to_one(length in 1usize..2000, side in 16usize..300) {
            let axis = cover(length, side, side / 4);
            let mut sums = vec![0.0f32; axis.padded];
            for span in &axis.spans {
                prop_assert!(span.weights.iter().all(|&w| w > 0.0 && w <= 1.0));
                for (i, weight) in span.weights.iter().enumerate() {
                    sums[span.start + i] += weight;
                }
            }
            prop_assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        }
    }

    #[test]
    fn a_picture_of_the_trained_size_is_one_window_that_counts_fully() {
        let axis = cover(256, 256, 64);
        assert_eq!((axis.padded, axis.spans.len()), (256, 1));
        assert!(axis.spans[0].weights.iter().all(|&weight| weight == 1.0));
    }

    #[test]
    fn a_shorter_picture_is_padded() {
        assert_eq!(cover(40, 64, 16).padded, 64);
        assert_eq!(cover(72, 64, 16).padded, 80);
    }

    /// Pinned: 512 under windows of 256 that overlap by 64 takes three.
    #[test]
    fn strides_are_even() {
        let starts: Vec<usize> = cover(512, 256, 64).spans.iter().map(|s| s.start).collect();
        assert_eq!(starts, [0, 128, 256]);
    }

    /// Weights of an inner window leave nothing at its edges and change slowly.
    #[test]
    fn weights_are_smooth() {
        let axis = cover(1024, 256, 64);
        for span in &axis.spans[1..axis.spans.len() - 1] {
            assert!(span.weights[0] < 1e-3 && span.weights[255] < 1e-3);
            let steps = span.weights.windows(2);
            // The steepest slope of a squared cosine over 64 pixels is π/128.
            assert!(steps.into_iter().all(|w| (w[0] - w[1]).abs() < 0.03));
        }
    }
}
