//! Tests the conversion of pictures to the input and from the output against libtorch's own
//! operators.

use super::*;
use crate::runtime::pictures::to_tensor;
use tch::{Device, Kind};

const LEAN: Entry = Entry {
    fold: 2,
    place: false,
};
const NANO: Entry = Entry {
    fold: 4,
    place: true,
};

fn waves(seed: f32) -> Picture {
    let data = (0..3 * 32 * 16).map(|i| (i as f32 * seed).sin());
    Picture::from_data(3, 32, 16, data.collect()).unwrap()
}

const KINDS: [Kind; 2] = [Kind::BFloat16, Kind::Float];

/// The result of libtorch's unshuffle: x times its gain first, then y, rounded to the kind.
#[test]
fn the_input_is_libtorchs_unshuffle() {
    let (x, y) = (waves(0.37), waves(0.11));
    for (entry, kind) in [LEAN, NANO]
        .into_iter()
        .flat_map(|e| KINDS.map(|kind| (e, kind)))
    {
        let folded = |picture: &Picture, gain: f64| {
            let tensor = to_tensor(picture, Device::Cpu).unwrap() * gain;
            let folded = tensor.pixel_unshuffle(entry.fold as i64);
            folded.to_kind(kind)
        };
        for sees in [false, true] {
            let seen = Seen {
                x: sees.then_some((&x, 0.25)),
                y: Some(&y),
                size: (32, 16),
                origin: (0, 0),
            };
            let found = entry.enter(seen, kind).unwrap();
            let mut wanted = vec![folded(&y, 1.0)];
            if sees {
                wanted.insert(0, folded(&x, 0.25));
            }
            let wanted = Tensor::cat(&wanted, 1);
            let count = wanted.size()[1];
            assert!(found.narrow(1, 0, count).equal(&wanted), "{entry:?}");
            let place = found.narrow(1, count, found.size()[1] - count);
            let signs = place.abs().mean(Kind::Float).double_value(&[]);
            assert!(!entry.place || signs == 1.0);
        }
    }
}

/// Every part of a picture gives the same by itself as in the whole, including its position.
#[test]
fn the_input_of_a_part_is_that_part_of_the_input() {
    let y = waves(0.11);
    for entry in [LEAN, NANO] {
        let enter = |y: &Picture, origin| {
            let seen = Seen {
                x: None,
                y: Some(y),
                size: (y.width, y.height),
                origin,
            };
            entry.enter(seen, Kind::Float).unwrap()
        };
        let whole = enter(&y, (0, 0));
        let rect = Rect {
            x: 12,
            y: 4,
            width: 20,
            height: 8,
        };
        let part = entry.in_map(rect);
        let found = enter(&y.crop(rect), (part.x, part.y));
        let rows = whole.narrow(2, part.y as i64, part.height as i64);
        let wanted = rows.narrow(3, part.x as i64, part.width as i64);
        assert!(found.equal(&wanted), "{entry:?}");
    }
}

/// The four signs of a 4 x 4 field of folded pixels, which are 16 x 16 pixels of a picture.
#[test]
fn places_repeat_every_16_pixels() {
    let row = [0, 1, 2, 3, 4].map(|x| place(x, 0)[0]);
    assert_eq!(row, [1., -1., 1., -1., 1.]);
    assert_eq!(
        [0, 1, 2, 3, 4].map(|x| place(x, 0)[1]),
        [1., 1., -1., -1., 1.]
    );
    assert_eq!([0, 1, 2, 3, 4].map(|y| place(0, y)[2]), row);
    assert_eq!([0, 1, 2, 3].map(|y| place(3, y)[3]), [1., 1., -1., -1.]);
}

/// A part of the answer equals that part of the whole answer, which equals the formula.
#[test]
fn answers_are_the_formula_in_whole_and_in_part() {
    let (x, y) = (waves(0.37), waves(0.11));
    let w = Weights {
        x: 0.5,
        y: 0.25,
        f: 2.0,
    };
    for (entry, kind) in [LEAN, NANO]
        .into_iter()
        .flat_map(|e| KINDS.map(|kind| (e, kind)))
    {
        let seen = Seen {
            x: None,
            y: Some(&x),
            size: (32, 16),
            origin: (0, 0),
        };
        let f = entry.enter(seen, kind).unwrap();
        let f = f.narrow(1, 0, entry.folded() as i64);
        let f = crate::runtime::tensors::load::channels_last(&f).unwrap();
        let size = entry.map_size((32, 16));
        let part = |x, y, width, height| Part {
            f: &f,
            rect: Rect {
                x,
                y,
                width,
                height,
            },
        };
        let whole = part(0, 0, size.0, size.1);
        let all = entry.leave(w, Some(&x), Some(&y), whole).unwrap();
        for ((a, x), y) in all.data.iter().zip(&x.data).zip(&y.data) {
            let f = match kind {
                Kind::BFloat16 => Bf16::of_f32(*x).to_f32(),
                _ => *x,
            };
            let wanted = 0.5 * x + 0.25 * y + 2.0 * f;
            assert!((a - wanted).abs() < 1e-6);
        }
        let inner = Rect {
            x: 8,
            y: 4,
            width: 16,
            height: 8,
        };
        let n = entry.fold;
        let some = part(8 / n, 4 / n, 16 / n, 8 / n);
        let (cx, cy) = (x.crop(inner), y.crop(inner));
        let found = entry.leave(w, Some(&cx), Some(&cy), some).unwrap();
        assert_eq!(found, all.crop(inner));
        assert!(entry.leave(w, None, Some(&y), some).is_err());
        assert!(entry.leave(w, None, None, part(1, 0, size.0, 1)).is_err());
    }
}
