//! [`Clip`]: a scripted clip, frame by frame: the scene, and the JPEG that a camera makes of it.

use std::fmt;
use std::str::FromStr;

use ddrmjpeg::contract::NoiseSource;
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::{Picture, PixelModel, Planar8, Rect};
use ddrmjpeg::jpeg;
use ddrmjpeg::sampler::noise::Field;

/// Pixels per frame that the object moves, and the camera of [`Kind::Pan`].
const SPEED_PX: usize = 4;
/// Quality of the other tables of [`Kind::Tables`], and frames between changes.
const OTHER_QUALITY: u8 = 55;
const TABLES_EVERY: usize = 4;

/// What happens in a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: every frame is the same.
    Still,
    /// An object moves before a still camera without noise.
    Object,
    /// The same with the sensor's noise.
    Noisy,
    /// The camera moves.
    Pan,
    /// There is a cut halfway.
    Cut,
    /// [`Kind::Object`], coded with tables that change every few frames.
    Tables,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Still,
        Self::Object,
        Self::Noisy,
        Self::Pan,
        Self::Cut,
        Self::Tables,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Object => "object",
            Self::Noisy => "noisy",
            Self::Pan => "pan",
            Self::Cut => "cut",
            Self::Tables => "tables",
        }
    }

    fn has_object(self) -> bool {
        matches!(self, Self::Object | Self::Noisy | Self::Tables)
    }

    /// Whether the camera never moves.
    fn is_still(self) -> bool {
        !matches!(self, Self::Pan | Self::Cut)
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::option("clip", format_args!("{text:?}"), format!("one of {names}"))
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A scripted clip.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What happens.
    pub kind: Kind,
    /// The scene; then what moves in it and what follows the cut. At least one; RGB.
    pub pictures: Vec<Planar8>,
    /// Width and height of a frame in pixels.
    pub size: (usize, usize),
    /// How many frames.
    pub frames: usize,
    /// IJG quality of the JPEGs, 1..=100.
    pub quality: u8,
    /// Luma samples per chroma sample, horizontally and vertically: each 1 or 2.
    pub subsampling: (usize, usize),
    /// Standard deviation of the sensor's noise in 8-bit levels.
    pub sigma: f64,
    /// Side of the object, a square, in pixels.
    pub object_px: usize,
}

impl Clip {
    /// 24 frames at quality 70; noise of 2.5; an object of 96 pixels.
    pub fn new(kind: Kind, pictures: Vec<Planar8>, size: (usize, usize)) -> Self {
        Self {
            kind,
            pictures,
            size,
            frames: 24,
            quality: 70,
            subsampling: (2, 2),
            sigma: 2.5,
            object_px: 96,
        }
    }

    /// Where the object is in frame `n`.
    pub fn object(&self, n: usize) -> Option<Rect> {
        let side = self.object_px.min(self.size.0 / 2).min(self.size.1 / 2);
        let path = self.size.0 - side;
        (self.kind.has_object() && side > 0).then(|| Rect {
            x: (self.size.0 / 8 + SPEED_PX * n) % path.max(1),
            y: (self.size.1 - side) / 2,
            width: side,
            height: side,
        })
    }

    /// In raster order, whether a pixel is still: nothing moves over it, or within 16 pixels of it,
    /// in any frame. None is if the camera moves.
    pub fn still(&self) -> Vec<bool> {
        const MARGIN: usize = 16;
        let (width, height) = self.size;
        let mut still = vec![self.kind.is_still(); width * height];
        for object in (0..self.frames).filter_map(|n| self.object(n)) {
            let columns =
                object.x.saturating_sub(MARGIN)..(object.x + object.width + MARGIN).min(width);
            for y in
                object.y.saturating_sub(MARGIN)..(object.y + object.height + MARGIN).min(height)
            {
                still[y * width..][columns.clone()].fill(false);
            }
        }
        still
    }

    /// The true scene of frame `n`: without noise, before coding.
    pub fn scene(&self, n: usize) -> Planar8 {
        let (width, height) = self.size;
        let which = usize::from(self.kind == Kind::Cut && n >= self.frames / 2);
        let shift = if self.kind == Kind::Pan {
            SPEED_PX * n
        } else {
            0
        };
        let object = self.object(n);
        let mut out = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
        for (c, plane) in out.planes.iter_mut().enumerate() {
            for (i, byte) in plane.data.iter_mut().enumerate() {
                let (x, y) = (i % width, i / width);
                *byte = match object.filter(|rect| inside(rect, x, y)) {
                    Some(rect) => self.pixel(1, c, x - rect.x, y - rect.y),
                    None => self.pixel(which, c, x + shift, y),
                };
            }
        }
        out
    }

    /// A pixel of one of the pictures, which are mirrored beyond their edges.
    fn pixel(&self, which: usize, c: usize, x: usize, y: usize) -> u8 {
        let picture = &self.pictures[which % self.pictures.len()];
        let plane = &picture.planes[c.min(picture.planes.len() - 1)];
        let (x, y) = (mirrored(x, plane.width), mirrored(y, plane.height));
        plane.data[y * plane.width + x]
    }

    /// The bytes of frame `n`.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn coded(&self, n: usize) -> Result<Vec<u8>> {
        let other = self.kind == Kind::Tables && (n / TABLES_EVERY) % 2 == 1;
        let quality = if other { OTHER_QUALITY } else { self.quality };
        let mut seen = self.scene(n);
        if self.kind == Kind::Noisy {
            self.add_noise(&mut seen, n);
        }
        jpeg::encode(&seen, quality, self.subsampling)
    }

    fn add_noise(&self, frame: &mut Planar8, n: usize) {
        let mut noise = Picture::new(3, self.size.0, self.size.1);
        Field::new(1234, 0).fill(n as u64, &mut noise);
        for (c, plane) in frame.planes.iter_mut().enumerate() {
            for (byte, z) in plane.data.iter_mut().zip(noise.plane(c)) {
                *byte = (f32::from(*byte) + self.sigma as f32 * z).round() as u8;
            }
        }
    }
}

fn inside(rect: &Rect, x: usize, y: usize) -> bool {
    (rect.x..rect.x + rect.width).contains(&x) && (rect.y..rect.y + rect.height).contains(&y)
}

fn mirrored(at: usize, length: usize) -> usize {
    let at = at % (2 * length);
    at.min(2 * length - 1 - at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(kind: Kind) -> Clip {
        Clip {
            frames: 8,
            object_px: 16,
            ..Clip::new(kind, crate::bench::video::made_up((96, 64)), (96, 64))
        }
    }

    #[test]
    fn what_is_said_to_be_still_is() {
        for kind in Kind::ALL {
            let clip = clip(kind);
            let first = clip.scene(0);
            for (i, _) in clip.still().iter().enumerate().filter(|(_, still)| **still) {
                for n in 1..clip.frames {
                    assert_eq!(clip.scene(n).planes[0].data[i], first.planes[0].data[i]);
                }
            }
        }
        assert!(!clip(Kind::Pan).still().contains(&true));
        assert!(clip(Kind::Noisy).still().contains(&true));
    }

    #[test]
    fn kinds_do_what_they_say() {
        let same = |kind, a, b| clip(kind).coded(a).unwrap() == clip(kind).coded(b).unwrap();
        assert!(same(Kind::Still, 0, 7));
        assert!(!same(Kind::Object, 0, 1) && !same(Kind::Noisy, 0, 1) && !same(Kind::Pan, 0, 1));
        assert!(same(Kind::Cut, 0, 3) && !same(Kind::Cut, 3, 4) && same(Kind::Cut, 4, 7));
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Kind>().unwrap(), kind);
        }
    }

    #[test]
    fn beyond_its_end_a_picture_goes_on_mirrored() {
        let path: Vec<usize> = (0..7).map(|at| mirrored(at, 3)).collect();
        assert_eq!(path, [0, 1, 2, 2, 1, 0, 0]);
    }
}
