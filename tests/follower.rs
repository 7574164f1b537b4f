//! Priors that follow a stream.
//!
//! Contract: after every frame the estimate is, bit for bit, what the same prior answers in one
//! call to the whole frame, and wherever it is another than before lies inside the rectangles
//! that were answered. No tolerance where the arithmetic is the machine's own (see `allowed`): the
//! caller compares frames by their bits.

use ddrmjpeg::contract::{Denoiser, Follower, Hint, ONE_CALL_SIGMA};
use ddrmjpeg::frame::{Picture, Rect};
use ddrmjpeg::model::open;
use ddrmjpeg::options::Precision::{Bf16, F32};
use ddrmjpeg::options::{Device, ModelOptions, Precision};
use std::sync::Arc;

fn open(name: &str, precision: Precision) -> Arc<dyn Denoiser> {
    let options = ModelOptions::default()
        .with_model(name)
        .with_device(Device::Cpu)
        .with_precision(precision);
    open::open(&options).unwrap()
}

/// Numbers in 0..`below` that are the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % below
    }

    fn sample(&mut self) -> f32 {
        self.roll(2001) as f32 / 1000.0 - 1.0
    }

    /// A rectangle on multiples of 16, or up to the end.
    fn rect(&mut self, (width, height): (usize, usize)) -> Rect {
        let (columns, rows) = (width.div_ceil(16), height.div_ceil(16));
        let (x, y) = (self.roll(columns), self.roll(rows));
        let (w, h) = (
            1 + self.roll((columns - x).min(5)),
            1 + self.roll((rows - y).min(5)),
        );
        Rect {
            x: 16 * x,
            y: 16 * y,
            width: (16 * (x + w)).min(width) - 16 * x,
            height: (16 * (y + h)).min(height) - 16 * y,
        }
    }
}

/// A prior, its follower, and the frame that it is at.
struct Stream {
    prior: Arc<dyn Denoiser>,
    follower: Box<dyn Follower>,
    hint: Hint,
    estimate: Picture,
    dice: Dice,
    /// Most that a sample may be off: nothing where it has to be the same bits.
    allowed: f32,
}

/// f32 has been seen to have the same bits where it is what this machine computes in when it may
/// choose; where that is bf16, it is only asked to be near: 1e-5 of values of order one is a few
/// roundings of ten layers.
fn allowed(precision: Precision) -> f32 {
    // What a pixel takes tells one arithmetic from the other.
    let bytes = |precision| open("lean", precision).facts().pixel_bytes;
    match precision {
        F32 if bytes(Precision::Auto) != bytes(F32) => 1e-5,
        _ => 0.0,
    }
}

impl Stream {
    /// None where the fast form is not used on this machine, which the prior must then say.
    fn open(name: &str, precision: Precision, (width, height): (usize, usize)) -> Option<Self> {
        let prior = open(name, precision);
        let Some(follower) = prior.follower() else {
            let caution = prior.facts().caution.as_deref();
            // In f32 a machine may sum windows in another order, and then nothing is kept.
            assert!(
                caution.is_some() || precision == F32,
                "{name} follows nothing and does not say why"
            );
            eprintln!("{name} does not follow in {precision:?} on this machine: {caution:?}");
            return None;
        };
        Some(Self {
            prior,
            follower,
            hint: Hint {
                decoded: Picture::new(3, width, height),
                luma: [20; 64],
                chroma: [30; 64],
                subsampling: (2, 2),
            },
            estimate: Picture::new(3, width, height),
            dice: Dice(width as u64),
            allowed: allowed(precision),
        })
    }

    fn size(&self) -> (usize, usize) {
        (self.hint.decoded.width, self.hint.decoded.height)
    }

    fn all(&self) -> Rect {
        let (width, height) = self.size();
        Rect {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    /// The next frame, other in `changed`, checked against the whole; answers the rectangles.
    fn step(&mut self, changed: &[Rect]) -> Vec<Rect> {
        for rect in changed {
            let mut part = self.hint.decoded.crop(*rect);
            part.data.iter_mut().for_each(|x| *x = self.dice.sample());
            let all = Rect {
                x: 0,
                y: 0,
                ..*rect
            };
            self.hint.decoded.paste(&part, all, rect.x, rect.y);
        }
        let before = self.estimate.clone();
        let answered = self
            .follower
            .follow(&self.hint, changed, &mut self.estimate)
            .unwrap();
        self.check(&before, &answered, changed);
        answered
    }

    fn check(&self, before: &Picture, answered: &[Rect], changed: &[Rect]) {
        let x = &self.hint.decoded;
        let wanted = self
            .prior
            .denoise(x, ONE_CALL_SIGMA, Some(&self.hint))
            .unwrap();
        let found = &self.estimate.data;
        let near = |a: f32, b: f32| self.allowed > 0.0 && (a - b).abs() <= self.allowed;
        let same = |(a, b): &(&f32, &f32)| a.to_bits() == b.to_bits() || near(**a, **b);
        let pairs = found.iter().zip(&wanted.data);
        let wrong = pairs.filter(|pair| !same(pair)).count();
        assert_eq!(
            wrong,
            0,
            "samples differ after {changed:?} of {:?}",
            self.size()
        );
        let (width, plane) = (x.width, x.plane_len());
        let told = |i: usize| {
            let (x, y) = (i % plane % width, i % plane / width);
            let holds =
                |r: &Rect| (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y);
            answered.iter().any(holds)
        };
        if before.data.len() == found.len() {
            let moved =
                (0..found.len()).filter(|&i| before.data[i].to_bits() != found[i].to_bits());
            assert_eq!(
                moved.filter(|&i| !told(i)).count(),
                0,
                "untold after {changed:?}"
            );
        }
    }
}

/// Sizes whose maps are odd at some scale, and one at which windows are worth while for lean.
fn follows(name: &str, precision: Precision, sizes: &[(usize, usize)], frames: usize) {
    for &size in sizes {
        let Some(mut stream) = Stream::open(name, precision, size) else {
            return;
        };
        stream.step(&[stream.all()]);
        assert!(stream.step(&[]).is_empty());
        for frame in 0..frames {
            let count = 1 + frame % 4;
            let changed: Vec<Rect> = (0..count).map(|_| stream.dice.rect(size)).collect();
            stream.step(&changed);
        }
        assert_eq!(stream.step(&[stream.all()]), [stream.all()]);
    }
}

#[test]
fn nano_follows_bit_for_bit() {
    follows("nano", Bf16, &[(208, 152), (640, 480), (72, 40)], 12);
}

#[test]
fn nano_follows_in_f32_too() {
    follows("nano", F32, &[(208, 152), (640, 480), (72, 40)], 12);
}

#[test]
fn lean_follows_bit_for_bit() {
    follows("lean", Bf16, &[(208, 152), (640, 480)], 6);
}

#[test]
fn lean_follows_in_f32_too() {
    follows("lean", F32, &[(208, 152), (640, 480)], 4);
}

/// A change in each corner and at each border, where zeros are around the maps.
#[test]
fn borders_are_the_whole_frames() {
    let Some(mut stream) = Stream::open("nano", F32, (400, 304)) else {
        return;
    };
    stream.step(&[stream.all()]);
    for (x, y) in [
        (0, 0),
        (384, 0),
        (0, 288),
        (384, 288),
        (192, 0),
        (0, 144),
        (384, 144),
        (192, 288),
    ] {
        let answered = stream.step(&[Rect {
            x,
            y,
            width: 16,
            height: 16,
        }]);
        let area: usize = answered.iter().map(|r| r.width * r.height).sum();
        assert!(area < 400 * 304 / 4, "{area} pixels answered");
    }
}

/// FiLM tells every pixel of tables and sampling: with others, and at another size, all is new.
#[test]
fn other_tables_and_other_sizes_begin_anew() {
    for name in ["nano", "lean"] {
        let Some(mut stream) = Stream::open(name, Bf16, (160, 96)) else {
            return;
        };
        stream.step(&[stream.all()]);
        stream.hint.luma = [90; 64];
        assert_eq!(stream.step(&[stream.all()]), [stream.all()]);
        stream.hint.subsampling = (1, 1);
        assert_eq!(stream.step(&[stream.all()]), [stream.all()]);
        stream.hint.decoded = Picture::new(3, 96, 160);
        stream.estimate = Picture::new(3, 96, 160);
        assert_eq!(stream.step(&[stream.all()]), [stream.all()]);
        let corner = Rect {
            x: 80,
            y: 144,
            width: 16,
            height: 16,
        };
        stream.step(&[corner]);
    }
}

/// Two streams of one model keep what is theirs.
#[test]
fn streams_of_one_model_do_not_mix() {
    let Some(mut one) = Stream::open("nano", F32, (160, 96)) else {
        return;
    };
    let mut other = Stream::open("nano", F32, (160, 96)).unwrap();
    other.follower = one.prior.follower().unwrap();
    other.dice = Dice(7);
    one.step(&[one.all()]);
    other.step(&[other.all()]);
    for _ in 0..3 {
        let rect = one.dice.rect((160, 96));
        one.step(&[rect]);
        let rect = other.dice.rect((160, 96));
        other.step(&[rect]);
    }
}
