//! A picture as the samples of a file: interleaved, in 8 bits, 16 bits or f32, as RGB, grey or YCbCr.

use anyhow::{Context, Result};
use clap::ValueEnum;
use ddrmjpeg::frame::{Orientation, Picture, PixelModel, Planar8};
use image::metadata::Orientation as Turn;

/// How exact the samples of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// Whole numbers of 0..255.
    #[value(name = "8")]
    Eight,
    /// Whole numbers of 0..65535.
    #[value(name = "16")]
    Sixteen,
    /// f32: black is 0 and white 1, and what lies beyond is kept.
    #[value(name = "f32")]
    Float,
}

impl Depth {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eight => "8 bits",
            Self::Sixteen => "16 bits",
            Self::Float => "f32",
        }
    }
}

/// What the samples of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// R, G, B, or grey alone.
    Rgb,
    /// Y, Cb, Cr of JFIF: BT.601, full range; or Y alone.
    YCbCr,
}

/// Samples, pixel by pixel.
pub enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
    Float(Vec<f32>),
}

/// A picture as it is written.
pub struct Pixels {
    pub samples: Samples,
    pub width: u32,
    pub height: u32,
    /// One sample a pixel, not three.
    pub grey: bool,
}

/// What a picture is apart from its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub width: u32,
    pub height: u32,
    /// One sample a pixel, not three.
    pub grey: bool,
    pub depth: Depth,
}

impl Pixels {
    /// What they are apart from their samples.
    pub fn shape(&self) -> Shape {
        Shape {
            width: self.width,
            height: self.height,
            grey: self.grey,
            depth: match self.samples {
                Samples::Eight(_) => Depth::Eight,
                Samples::Sixteen(_) => Depth::Sixteen,
                Samples::Float(_) => Depth::Float,
            },
        }
    }

    /// Those of a picture of 8 bits.
    pub fn of(picture: &Planar8) -> Result<Self> {
        let samples = picture.interleaved();
        Ok(Self {
            samples: Samples::Eight(samples.context("YCbCr planes have no file format")?),
            width: picture.width() as u32,
            height: picture.height() as u32,
            grey: picture.model == PixelModel::Grey,
        })
    }

    /// Those of a picture that is not rounded, of one or three channels.
    pub fn of_unrounded(picture: &Picture, depth: Depth, colour: Colour) -> Self {
        let in_ycc;
        let picture = match (colour, picture.channels) {
            (Colour::YCbCr, 3) => {
                in_ycc = ycc(picture, middle(depth));
                &in_ycc
            }
            _ => picture,
        };
        let interleaved = |convert: fn(f32) -> f32| {
            let planes: Vec<_> = (0..picture.channels).map(|c| picture.plane(c)).collect();
            let pixels = 0..picture.plane_len();
            let samples = pixels.flat_map(|i| planes.iter().map(move |plane| convert(plane[i])));
            samples.collect::<Vec<f32>>()
        };
        let samples = match depth {
            Depth::Eight => {
                let levels = interleaved(|x| x * 127.5 + 127.5);
                Samples::Eight(
                    levels
                        .into_iter()
                        .map(|level| level.round() as u8)
                        .collect(),
                )
            }
            Depth::Sixteen => Samples::Sixteen(picture.interleaved16()),
            Depth::Float => Samples::Float(interleaved(|x| x * 0.5 + 0.5)),
        };
        Self {
            samples,
            width: picture.width as u32,
            height: picture.height as u32,
            grey: picture.channels == 1,
        }
    }

    /// The bytes of the samples, in the order of this machine or the other.
    pub fn bytes(&self, big_endian: bool) -> Vec<u8> {
        match (&self.samples, big_endian) {
            (Samples::Eight(samples), _) => samples.clone(),
            (Samples::Sixteen(samples), true) => bytes_of(samples, |s| s.to_be_bytes()),
            (Samples::Sixteen(samples), false) => bytes_of(samples, |s| s.to_le_bytes()),
            (Samples::Float(samples), true) => bytes_of(samples, |s| s.to_be_bytes()),
            (Samples::Float(samples), false) => bytes_of(samples, |s| s.to_le_bytes()),
        }
    }

    /// Three samples a pixel, whatever they are: grey is all of them.
    pub fn in_three(self) -> Self {
        if !self.grey {
            return self;
        }
        fn thrice<T: Copy>(samples: &[T]) -> Vec<T> {
            samples.iter().flat_map(|&sample| [sample; 3]).collect()
        }
        Self {
            samples: match &self.samples {
                Samples::Eight(samples) => Samples::Eight(thrice(samples)),
                Samples::Sixteen(samples) => Samples::Sixteen(thrice(samples)),
                Samples::Float(samples) => Samples::Float(thrice(samples)),
            },
            grey: false,
            ..self
        }
    }

    /// The same, plane by plane.
    pub fn in_planes(self) -> Self {
        fn apart<T: Copy>(samples: &[T]) -> Vec<T> {
            let of = |c: usize| samples.iter().skip(c).step_by(3).copied();
            (0..3).flat_map(of).collect()
        }
        if self.grey {
            return self;
        }
        Self {
            samples: match &self.samples {
                Samples::Eight(samples) => Samples::Eight(apart(samples)),
                Samples::Sixteen(samples) => Samples::Sixteen(apart(samples)),
                Samples::Float(samples) => Samples::Float(apart(samples)),
            },
            ..self
        }
    }
}

fn bytes_of<T: Copy, const N: usize>(samples: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    samples.iter().flat_map(|&sample| bytes(sample)).collect()
}

/// No chroma, in -1..1: the number 2^(bits - 1), which is above the middle of the range (ITU-T H.273,
/// 8.3).
fn middle(depth: Depth) -> f32 {
    match depth {
        Depth::Eight => 128.0 / 127.5 - 1.0,
        Depth::Sixteen => 32_768.0 / 32_767.5 - 1.0,
        Depth::Float => 0.0,
    }
}

/// R, G, B to Y, Cb, Cr (ITU-T T.871, 7), all in -1..1.
fn ycc(rgb: &Picture, middle: f32) -> Picture {
    let mut out = rgb.clone();
    for i in 0..rgb.plane_len() {
        let [r, g, b] = [0, 1, 2].map(|c| rgb.plane(c)[i]);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        let ycc = [y, (b - y) / 1.772 + middle, (r - y) / 1.402 + middle];
        for (c, value) in ycc.into_iter().enumerate() {
            out.plane_mut(c)[i] = value;
        }
    }
    out
}

/// The picture in 8 bits.
pub fn rounded(picture: &Picture) -> Planar8 {
    let model = match picture.channels {
        1 => PixelModel::Grey,
        _ => PixelModel::Rgb,
    };
    let mut out = Planar8::new(model, picture.width, picture.height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (byte, &x) in plane.data.iter_mut().zip(picture.plane(c)) {
            *byte = (x * 127.5 + 127.5).round() as u8;
        }
    }
    out
}

/// What a turn does to a picture.
pub fn orientation(turn: Turn) -> Orientation {
    let (transposed, mirrored_x, mirrored_y) = match turn {
        Turn::NoTransforms => (false, false, false),
        Turn::Rotate90 => (true, true, false),
        Turn::Rotate180 => (false, true, true),
        Turn::Rotate270 => (true, false, true),
        Turn::FlipHorizontal => (false, true, false),
        Turn::FlipVertical => (false, false, true),
        Turn::Rotate90FlipH => (true, false, false),
        Turn::Rotate270FlipH => (true, true, true),
    };
    Orientation {
        transposed,
        mirrored_x,
        mirrored_y,
    }
}

/// `picture` turned, or mirrored, as `turn` says.
pub fn turned(picture: Picture, turn: Turn) -> Picture {
    match turn {
        Turn::NoTransforms => picture,
        _ => picture.turned(orientation(turn)),
    }
}

/// Two pictures of one size side by side.
pub fn side_by_side(left: &Picture, right: &Picture) -> Picture {
    let width = left.width;
    let mut out = Picture::new(left.channels, 2 * width, left.height);
    for c in 0..left.channels {
        let rows = left
            .plane(c)
            .chunks_exact(width)
            .zip(right.plane(c).chunks_exact(width));
        for (to, (left, right)) in out.plane_mut(c).chunks_exact_mut(2 * width).zip(rows) {
            to[..width].copy_from_slice(left);
            to[width..].copy_from_slice(right);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::picture;

    /// As the planes of 8 bits are turned.
    #[test]
    fn unrounded_pictures_are_turned_as_bytes_are() {
        let mut bytes = Planar8::new(PixelModel::Grey, 3, 2, (1, 1));
        bytes.planes[0].data = (0..6).collect();
        let samples = (0u8..6).map(f32::from).collect();
        let deep = Picture::from_data(1, 3, 2, samples).unwrap();
        for number in 1..=8 {
            let turn = Turn::from_exif(number).unwrap();
            let wanted = picture::turned(bytes.clone(), turn);
            let found = turned(deep.clone(), turn);
            assert_eq!(
                (found.width, found.height),
                (wanted.width(), wanted.height())
            );
            let found: Vec<u8> = found.data.iter().map(|&x| x as u8).collect();
            assert_eq!(found, wanted.planes[0].data, "{number}");
        }
    }

    /// Grey has no chroma; the primaries have those of T.871.
    #[test]
    fn ycc_is_that_of_jfif() {
        let level = |n: u8| f32::from(n) / 127.5 - 1.0;
        let colours = [[255, 0, 0], [0, 0, 255], [90, 90, 90]];
        let data = (0..3).flat_map(|c| colours.map(|colour| level(colour[c])));
        let picture = Picture::from_data(3, 3, 1, data.collect()).unwrap();
        let pixels = Pixels::of_unrounded(&picture, Depth::Eight, Colour::YCbCr);
        let wanted = [76, 85, 255, 29, 255, 107, 90, 128, 128];
        assert_eq!(pixels.bytes(false), wanted);
        let pixels = Pixels::of_unrounded(&picture, Depth::Sixteen, Colour::YCbCr);
        let Samples::Sixteen(samples) = pixels.samples else {
            panic!("no 16 bits");
        };
        assert_eq!(samples[6..], [90 * 257, 32_768, 32_768]);
    }
}
