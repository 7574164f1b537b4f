//! Where a JPEG comes from: what its markers say, and the family of encoders that its tables and
//! markers point to.
//!
//! The family decides how far a coefficient may have been from its level when it was quantised
//! (`slack`). Nothing here is needed to decode. `read` and `header` scan the markers, in
//! microseconds; the command prints the family, and a meta of the plugin transports it by name.

use std::str::FromStr;

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::PixelModel;
use crate::jpeg::file::JpegFile;
use crate::jpeg::grid::cell::Slack;
use crate::jpeg::grid::tables;
use crate::jpeg::segments;
use crate::jpeg::segments::Part;

/// What the APPn markers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Markers {
    /// APP0 `JFIF`.
    pub jfif: bool,
    /// APP0 `AVI1`: a frame of a camera's stream, or of an AVI.
    pub avi1: bool,
    /// APP14 `Adobe`, or APP13 `Photoshop`.
    pub adobe: bool,
    /// The maker of the camera, from EXIF.
    pub make: Option<String>,
}

/// Encoders that quantise in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// libjpeg's tables: it rounds each coefficient to the nearest level.
    Libjpeg,
    /// mozjpeg's default tables: its trellis moves coefficients towards zero.
    Mozjpeg,
    /// jpegli's tables: its dead zone depends on the neighbourhood.
    Jpegli,
    /// Frames of UVC cameras and AVI files.
    Avi1,
    /// A camera, recognised by its EXIF, with its own tables.
    Camera(String),
    /// Photoshop and related programs, with their own tables.
    Adobe,
    /// None of these.
    Unknown,
}

/// mozjpeg's default table for luma and chroma (N. Robidoux's, from ImageMagick).
pub(crate) const ROBIDOUX: QuantSteps = [
    16, 16, 16, 18, 25, 37, 56, 85, //
    16, 17, 20, 27, 34, 40, 53, 75, //
    16, 20, 24, 31, 43, 62, 91, 135, //
    18, 27, 31, 40, 53, 74, 106, 156, //
    25, 34, 43, 53, 69, 94, 131, 189, //
    37, 40, 62, 74, 94, 124, 169, 238, //
    56, 53, 91, 106, 131, 169, 226, 311, //
    85, 75, 135, 156, 189, 238, 311, 418,
];

/// The first three rows of jpegli's luma table at its unit scale.
const JPEGLI: [f64; 24] = [
    1.239_741, 1.722_712, 2.921_217, 2.812_737, 3.339_820, 3.463_604, 3.840_915, 3.869_560, //
    1.722_712, 2.092_889, 2.845_676, 2.704_507, 3.440_767, 3.166_232, 4.025_209, 4.035_324, //
    2.921_217, 2.845_676, 2.958_740, 3.386_295, 3.619_524, 3.904_628, 3.757_836, 4.237_448,
];

impl Markers {
    /// Reads the segments of `data` before the first scan.
    pub(crate) fn of(data: &[u8]) -> Self {
        let mut found = Self::default();
        for part in segments::parts(data) {
            match part {
                Part::Segment(code, segment) if code != segments::SOS => found.note(code, segment),
                Part::Short(..) => {}
                _ => break,
            }
        }
        found
    }

    /// Records one segment with the marker `code`, without the marker and its length.
    pub(crate) fn note(&mut self, code: u8, segment: &[u8]) {
        match code {
            0xE0 if segment.starts_with(b"JFIF\0") => self.jfif = true,
            0xE0 if segment.starts_with(b"AVI1") => self.avi1 = true,
            0xE1 if self.make.is_none() => {
                self.make = segment.strip_prefix(b"Exif\0\0").and_then(make);
            }
            0xED if segment.starts_with(b"Photoshop") => self.adobe = true,
            0xEE if segment.starts_with(b"Adobe") => self.adobe = true,
            _ => {}
        }
    }
}

/// The tag Make (0x010F) of the first directory of a TIFF block.
fn make(exif: &[u8]) -> Option<String> {
    let little = match exif.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = exif.get(at..at + 2)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let u32_at = |at: usize| {
        let bytes = exif.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        } as usize)
    };
    let directory = u32_at(4)?;
    let entries = usize::from(u16_at(directory)?);
    let entry = (0..entries)
        .map(|n| directory + 2 + 12 * n)
        .find(|&at| u16_at(at) == Some(0x010F))?;
    let length = u32_at(entry + 4)?;
    let start = if length <= 4 {
        entry + 8
    } else {
        u32_at(entry + 8)?
    };
    let bytes = exif.get(start..start.checked_add(length.min(64))?)?;
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Family {
    /// The family that a file's tables and markers point to.
    #[doc(hidden)]
    pub fn of(file: &JpegFile) -> Self {
        match file.components.first() {
            Some(luma) => Self::told(&luma.steps, file.model, &file.markers),
            None => Self::Unknown,
        }
    }

    /// The family that the table of the first component and the markers point to; the table takes
    /// precedence.
    #[doc(hidden)]
    pub fn told(luma: &QuantSteps, model: PixelModel, markers: &Markers) -> Self {
        if markers.avi1 {
            return Self::Avi1;
        }
        if tables::exact_quality(&tables::BASE_LUMA, luma).is_some() {
            return Self::Libjpeg;
        }
        if tables::exact_quality(&ROBIDOUX, luma).is_some() {
            return Self::Mozjpeg;
        }
        if model != PixelModel::Rgb && is_jpegli(luma) {
            return Self::Jpegli;
        }
        match markers {
            Markers {
                make: Some(make), ..
            } => Self::Camera(make.clone()),
            Markers { adobe: true, .. } => Self::Adobe,
            _ => Self::Unknown,
        }
    }

    /// How far outside its cell an estimate may be. This is not how far coefficients may have been
    /// outside: as measured in docs/measurements/cell.md, mozjpeg's nominal cells, which a few per
    /// cent of its coefficients left, still give better estimates than wider ones. jpegli could not
    /// be measured; its 99th percentile is 0.41 steps, libjpeg's 0.07.
    #[doc(hidden)]
    pub fn slack(&self) -> Slack {
        match self {
            Self::Jpegli => Slack {
                relative: 0.07,
                ..Slack::ROUNDING
            },
            _ => Slack::ROUNDING,
        }
    }

    /// The name that the command prints: one word, followed by the maker for a camera.
    pub fn name(&self) -> String {
        match self {
            Self::Libjpeg => "libjpeg".into(),
            Self::Mozjpeg => "mozjpeg".into(),
            Self::Jpegli => "jpegli".into(),
            Self::Avi1 => "AVI1".into(),
            Self::Camera(make) => format!("camera ({make})"),
            Self::Adobe => "Adobe".into(),
            Self::Unknown => "unknown".into(),
        }
    }
}

/// Parses the output of [`Family::name`].
impl FromStr for Family {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let maker = name.strip_prefix("camera (");
        Ok(
            match (name, maker.and_then(|rest| rest.strip_suffix(')'))) {
                (_, Some(maker)) => Self::Camera(maker.into()),
                ("libjpeg", _) => Self::Libjpeg,
                ("mozjpeg", _) => Self::Mozjpeg,
                ("jpegli", _) => Self::Jpegli,
                ("AVI1", _) => Self::Avi1,
                ("Adobe", _) => Self::Adobe,
                ("unknown", _) => Self::Unknown,
                (other, _) => {
                    return Err(Error::Input(format!(
                        "encoder family {other:?}: must be libjpeg, mozjpeg, jpegli, AVI1, camera \
                     (MAKER), Adobe or unknown"
                    )));
                }
            },
        )
    }
}

/// Whether the first rows are jpegli's at some scale; two steps may differ by one because of
/// rounding.
fn is_jpegli(steps: &QuantSteps) -> bool {
    let pairs = || JPEGLI.iter().zip(steps);
    let misses = |scale: f64| {
        let off = pairs().filter(|(base, step)| (scale * **base).round() != f64::from(**step));
        off.take(3).count()
    };
    let (base, sum) = pairs().fold((0.0, 0.0), |(base, sum), (b, &s)| {
        (base + b, sum + f64::from(s))
    });
    // Each step is off by half a unit at most, two of them by one and a half.
    let hundredths = |sum: f64| (100.0 * sum / base) as u32;
    // Below 1.2 nearly every step is 1 to 4, and other tables look alike.
    let scales = hundredths(sum - 14.0).max(120)..=hundredths(sum + 14.0).min(1499);
    scales
        .into_iter()
        .any(|n| misses(f64::from(n) / 100.0) <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXIF with one entry, Make = "Ricoh", in both byte orders.
    fn exif(little: bool) -> Vec<u8> {
        let two = |v: u16| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        let four = |v: u32| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        let mut out = if little {
            b"II".to_vec()
        } else {
            b"MM".to_vec()
        };
        out.extend([two(42).as_slice(), &four(8), &two(1), &two(0x010F), &two(2)].concat());
        out.extend([four(6), four(26), four(0)].concat());
        out.extend(b"Ricoh\0");
        out
    }

    #[test]
    fn the_maker_is_read_in_both_byte_orders() {
        for little in [true, false] {
            assert_eq!(make(&exif(little)).as_deref(), Some("Ricoh"));
        }
    }

    #[test]
    fn a_directory_that_leads_nowhere_is_survived() {
        let whole = exif(true);
        for cut in 0..whole.len() {
            let _ = make(&whole[..cut]);
        }
        let mut wild = whole;
        wild[4..8].fill(0xFF);
        assert_eq!(make(&wild), None);
    }

    #[test]
    fn markers_are_found_before_the_scan_and_not_behind() {
        let segment =
            |code: u8, text: &[u8]| [&[0xFF, code, 0, text.len() as u8 + 2], text].concat();
        let head = [vec![0xFF, 0xD8], segment(0xE0, b"AVI1\x01")].concat();
        let scan = segment(0xDA, b"");
        let adobe = segment(0xEE, b"Adobe");
        let found = Markers::of(&[head.clone(), scan, adobe.clone()].concat());
        assert!(found.avi1 && !found.adobe);
        assert!(Markers::of(&[head, adobe].concat()).adobe);
    }

    #[test]
    fn a_name_stands_for_its_family() {
        let all = [
            Family::Libjpeg,
            Family::Mozjpeg,
            Family::Jpegli,
            Family::Avi1,
            Family::Camera("Ricoh (Tokyo)".into()),
            Family::Adobe,
            Family::Unknown,
        ];
        for family in all {
            assert_eq!(family.name().parse::<Family>().unwrap(), family);
        }
        assert!("camera".parse::<Family>().is_err());
    }

    #[test]
    fn tables_of_jpegli_are_told_from_libjpegs() {
        let mut steps = [9; 64];
        for (step, base) in steps.iter_mut().zip(JPEGLI) {
            *step = (2.3 * base).round() as u16;
        }
        assert!(is_jpegli(&steps));
        for (at, by) in [(3, 1), (11, -1)] {
            steps[at] = steps[at].wrapping_add_signed(by);
        }
        assert!(is_jpegli(&steps), "two steps off by one");
        // No scale comes near these.
        for at in [3, 11, 20] {
            steps[at] += 5;
        }
        assert!(!is_jpegli(&steps), "three");
        assert!((1..=99).all(|quality| !is_jpegli(&tables::ijg(&tables::BASE_LUMA, quality))));
    }
}
