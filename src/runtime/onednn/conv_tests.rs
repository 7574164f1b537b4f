//! Tests: how results end, and what is refused.

use super::*;

const SIZES: Convolution = Convolution {
    input: 3,
    output: 2,
    side: 2,
    stride: 2,
};

/// A kernel whose first result is the sum of all samples of a square, the second minus that.
fn sums() -> Packed {
    let weight: Vec<f32> = (0..24).map(|i| if i < 12 { 1.0 } else { -1.0 }).collect();
    Packed::new(SIZES, Arithmetic::F32, &weight, vec![0.5, 0.25]).unwrap()
}

fn window(rows: &[u8], height: usize, width: usize) -> Window<'_> {
    Window {
        rows,
        height,
        width,
        beside: 0,
    }
}

fn run(end: End, out: [f32; 4]) -> [f32; 4] {
    let rows: Vec<u8> = (1..=24).flat_map(|n| (n as f32).to_ne_bytes()).collect();
    let mut bytes: Vec<u8> = out.into_iter().flat_map(f32::to_ne_bytes).collect();
    sums().run(window(&rows, 2, 4), end, &mut bytes).unwrap();
    let words = bytes.as_chunks().0;
    std::array::from_fn(|i| f32::from_ne_bytes(words[i]))
}

/// Two squares of four pixels with three samples: 1 to 6 and 13 to 18; 7 to 12 and 19 to 24.
#[test]
fn results_end_as_they_are_told() {
    assert_eq!(run(End::Plain, [9.0; 4]), [114.5, -113.75, 186.5, -185.75]);
    assert_eq!(run(End::Relu, [9.0; 4]), [114.5, 0.0, 186.5, 0.0]);
    assert_eq!(run(End::Sum, [1.0; 4]), [115.5, -112.75, 187.5, -184.75]);
}

#[test]
fn other_lengths_are_refused() {
    let (packed, rows) = (sums(), [0; 96]);
    let failed = |window, length: usize| {
        let why = packed.run(window, End::Plain, &mut vec![0; length]);
        why.unwrap_err().to_string()
    };
    assert!(failed(window(&rows[1..], 2, 4), 16).contains("95 bytes, must be 96"));
    assert!(failed(window(&rows, 2, 4), 15).contains("15 bytes, must be 16"));
    assert!(failed(window(&rows[..48], 1, 4), 16).contains("too small"));
    let short = Packed::new(SIZES, Arithmetic::F32, &[0.0; 23], vec![0.0; 2]);
    assert!(short.is_err());
    assert!(packed.with(vec![0.0; 3], Vec::new()).is_err());
    assert!(packed.with(vec![0.0; 2], vec![1.0; 2]).is_err());
}
