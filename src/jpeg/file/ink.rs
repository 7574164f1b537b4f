//! [`Ink`]: the black of a CMYK or YCCK file, and how it darkens the other three components.
//!
//! Such a file is treated as two pictures: C, M and Y, which are R, G and B of the picture without
//! black (or YCbCr of their complements), and K, which is grey. Each is restored from its own
//! levels. Filled by `read`; combined again after the restoration.

use crate::frame::{Picture, PixelModel};
use crate::jpeg::file::ffi;
use crate::jpeg::file::lost;
use crate::jpeg::file::origin::Markers;
use crate::jpeg::file::{Component, Damage, JpegFile, Metadata};
use crate::jpeg::grid::sampling;

/// The black component of a file, as a grey file of its own.
///
/// Samples say how much light is left, as Adobe's programs store them, and as Pillow, libjpeg's own
/// programs and browsers read every such file: 255 is no ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ink {
    /// K, in its own size in samples.
    pub black: Box<JpegFile>,
    /// Picture pixels per sample, horizontally and vertically.
    pub factors: (usize, usize),
    /// Whether the other three are YCbCr of the ink's complements (YCCK), not C, M and Y.
    pub is_ycck: bool,
}

impl Ink {
    /// Combines `paint`, the other three components as RGB `[3, H, W]` in `[-1, 1]`, with `black`:
    /// R = C·K/255, and so on. For YCCK, C is 255 minus the value from YCbCr.
    #[doc(hidden)]
    pub fn over(&self, paint: &Picture, black: &Picture) -> Picture {
        let (fx, fy) = self.factors;
        let wide = fx * black.width;
        let black = match (fx, fy) {
            (1, 1) => black.plane(0).to_vec(),
            factors => sampling::smooth(black.plane(0), black.width, factors),
        };
        let high = black.len() / wide;
        let mut out = paint.clone();
        for c in 0..out.channels {
            let width = out.width;
            for (y, row) in out.plane_mut(c).chunks_exact_mut(width).enumerate() {
                let line = &black[y.min(high - 1) * wide..][..wide];
                for (x, value) in row.iter_mut().enumerate() {
                    *value = self.light(*value, line[x.min(wide - 1)]);
                }
            }
        }
        out
    }

    /// Combines one sample, all in `[-1, 1]`.
    fn light(&self, paint: f32, black: f32) -> f32 {
        let share = |x: f32| (0.5 * x + 0.5).clamp(0.0, 1.0);
        let paint = match self.is_ycck {
            true => 1.0 - share(paint),
            false => share(paint),
        };
        2.0 * paint * share(black) - 1.0
    }
}

/// Removes black from the four components of a file, and its part from the damage.
pub(crate) fn taken(
    components: &mut Vec<Component>,
    damage: Option<&mut Damage>,
    info: &ffi::Info,
) -> Ink {
    let factors = (
        (info.max_h / info.h[3]) as usize,
        (info.max_v / info.v[3]) as usize,
    );
    let size = (
        (info.width as usize).div_ceil(factors.0),
        (info.height as usize).div_ceil(factors.1),
    );
    let mut black = components.split_off(3);
    black[0].sampling = (1, 1);
    let damage = damage.map(|whole| Damage {
        message: whole.message.clone(),
        lost: match whole.known.get(3) {
            Some(known) => lost::blocks(known, &black[0], size),
            None => Vec::new(),
        },
        known: whole.known.drain(whole.known.len().min(3)..).collect(),
    });
    Ink {
        black: Box::new(JpegFile {
            width: size.0,
            height: size.1,
            model: PixelModel::Grey,
            progressive: info.progressive != 0,
            components: black,
            ink: None,
            damage,
            metadata: Metadata::default(),
            markers: Markers::default(),
        }),
        factors,
        is_ycck: info.color_space == ffi::color_space::YCCK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelModel;
    use crate::jpeg::file::Metadata;
    use crate::jpeg::file::origin::Markers;

    fn ink(factors: (usize, usize), is_ycck: bool) -> Ink {
        Ink {
            black: Box::new(JpegFile {
                width: 8,
                height: 8,
                model: PixelModel::Grey,
                progressive: false,
                components: Vec::new(),
                ink: None,
                damage: None,
                metadata: Metadata::default(),
                markers: Markers::default(),
            }),
            factors,
            is_ycck,
        }
    }

    #[test]
    fn black_darkens_what_is_painted() {
        let level = |byte: f32| byte / 127.5 - 1.0;
        let paint = Picture::from_data(3, 1, 1, [200.0, 100.0, 0.0].map(level).to_vec()).unwrap();
        let black = Picture::from_data(3, 1, 1, [51.0; 3].map(level).to_vec()).unwrap();
        for (is_ycck, wanted) in [(false, [40.0, 20.0, 0.0]), (true, [11.0, 31.0, 51.0])] {
            let found = ink((1, 1), is_ycck).over(&paint, &black);
            for (x, wanted) in found.data.iter().zip(wanted) {
                assert!((127.5 * (x + 1.0) - wanted).abs() < 0.01, "{x} {wanted}");
            }
        }
    }

    /// The grids of the two may differ in size.
    #[test]
    fn black_of_half_the_size_reaches_all_of_the_picture() {
        let paint = Picture::from_data(3, 16, 32, vec![1.0; 3 * 16 * 32]).unwrap();
        let black = Picture::from_data(3, 8, 8, vec![0.0; 3 * 64]).unwrap();
        let found = ink((2, 2), false).over(&paint, &black);
        assert!(found.data.iter().all(|x| x.abs() < 1e-6));
    }
}
