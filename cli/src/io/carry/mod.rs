//! Which metadata are copied to the restored picture, adapted to the format and to the picture; and
//! how the picture is turned if its orientation cannot be copied.
//!
//! Called by `restore`. `exif` and `xmp` change the blocks; `format` knows what each format holds.

pub mod exif;
mod xmp;

use clap::ValueEnum;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::jpeg::segments::behind::Behind;
use image::metadata::Orientation;

use crate::io::format::{Format, minimal_exif};

/// What to do with the orientation that EXIF states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Orient {
    /// The pixels are turned, and the tag says so
    Apply,
    /// The pixels lie as in the input, and the tag is kept
    Keep,
}

/// How to copy metadata.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The format of the output.
    pub format: Format,
    /// What the user asked for, if anything.
    pub orient: Option<Orient>,
    /// Copy none.
    pub strip: bool,
    /// Whether the picture is grey.
    pub grey: bool,
    /// Whether the input's own components are written, with levels of its own tables.
    pub levels: bool,
}

/// What is copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Carried {
    /// The metadata; the format can hold all of them.
    pub metadata: Metadata,
    /// How to turn the pixels.
    pub turn: Orientation,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Chooses what to copy of `metadata`, and of what lies `behind` the picture.
pub fn prepare(mut metadata: Metadata, behind: &Behind, wish: Wish) -> Carried {
    let was = exif::orientation(metadata.exif.as_deref().unwrap_or_default());
    let turn = match turns(&metadata, wish) {
        true => was,
        false => Orientation::NoTransforms,
    };
    let mut notes = Vec::new();
    let lies = turn == Orientation::NoTransforms && was != Orientation::NoTransforms;
    if lies && wish.format.is_bare() {
        let (number, format) = (was.to_exif(), wish.format.name());
        notes.push(format!(
            "not turned: a {format} cannot store the orientation (EXIF {number})"
        ));
    }
    if wish.strip {
        // Without it the picture would lie on its side.
        let exif = lies.then(|| minimal_exif(was));
        metadata = Metadata {
            exif,
            ..Metadata::default()
        };
    }
    if turn != Orientation::NoTransforms {
        upright(&mut metadata, turn);
    }
    notes.extend(let_go(&mut metadata, behind, wish));
    notes.extend(fit(&mut metadata, wish));
    Carried {
        metadata,
        turn,
        notes,
    }
}

/// Whether to turn the pixels. Unless the user chose, they are turned for every format but JPEG,
/// because only viewers of JPEG reliably read the tag; and for JPEG if the EXIF is too long for it.
fn turns(metadata: &Metadata, wish: Wish) -> bool {
    match wish.orient {
        Some(orient) => orient == Orient::Apply,
        None => {
            let too_long = ddrmjpeg::jpeg::file::write::left_out(&Metadata {
                exif: metadata.exif.clone(),
                ..Metadata::default()
            });
            wish.format != Format::Jpeg || !too_long.is_empty()
        }
    }
}

/// Adapts `metadata` to the picture that has been turned.
fn upright(metadata: &mut Metadata, turn: Orientation) {
    if let Some(exif) = &mut metadata.exif {
        exif::set_upright(exif, turn);
    }
    thin(metadata, &xmp::is_of_orientation);
    if let Some(density) = metadata.density.as_mut().filter(|_| exif::transposes(turn)) {
        std::mem::swap(&mut density.x, &mut density.y);
    }
}

fn thin(metadata: &mut Metadata, unwanted: &dyn Fn(&str, &str) -> bool) {
    if let Some(packet) = &mut metadata.xmp
        && let Some(thinner) = xmp::without(packet, unwanted)
    {
        *packet = thinner;
    }
}

/// Drops what is true only of the input's own bytes, and names it.
fn let_go(metadata: &mut Metadata, behind: &Behind, wish: Wish) -> Option<String> {
    thin(metadata, &xmp::is_of_other_bytes);
    if wish.strip {
        return None;
    }
    let mut found = behind_names(behind);
    found.append(&mut metadata.others);
    (!found.is_empty()).then(|| {
        let list = found.join(", ");
        format!("not copied, because it belongs to the original file: {list}")
    })
}

/// What lies behind a picture, in words.
pub fn behind_names(behind: &Behind) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(behind.gain_map.then(|| "a gain map (HDR)".into()));
    match behind.pictures - usize::from(behind.gain_map) {
        0 => {}
        1 => found.push("another picture".into()),
        n => found.push(format!("{n} more pictures")),
    }
    found.extend(behind.video.then(|| "a film".into()));
    if found.is_empty() && behind.bytes > 0 {
        found.push(format!("{} bytes behind the picture", behind.bytes));
    }
    found
}

/// Drops what the format cannot hold, and names it.
fn fit(metadata: &mut Metadata, wish: Wish) -> Vec<String> {
    let mut notes = Vec::new();
    if wish.format != Format::Jpeg {
        thin(metadata, &xmp::is_of_extension);
    }
    if let Some(space) = metadata.icc.as_deref().and_then(|icc| misfit(icc, wish)) {
        metadata.icc = None;
        let (format, pixels) = (wish.format.name(), pixel_space(wish).1);
        notes.push(format!(
            "the ICC profile is left out: it is for {space}, and the {format} is {pixels}"
        ));
    }
    let lost = wish.format.unheld(metadata);
    if !lost.is_empty() {
        let format = wish.format.name();
        notes.push(format!("not kept in a {format}: {}", lost.join(", ")));
    }
    notes
}

/// The colour space of a profile that does not fit the pixels of the output. A JPEG keeps the
/// profile that it had, except for CMYK, which becomes RGB unless its levels are written.
fn misfit(icc: &[u8], wish: Wish) -> Option<String> {
    let space = icc.get(16..20)?;
    let (wanted, _) = pixel_space(wish);
    let had = wish.format == Format::Jpeg && (wish.levels || space != b"CMYK");
    (space != wanted && !had).then(|| String::from_utf8_lossy(space).trim().to_owned())
}

/// The colour space of the output's pixels: as profiles name it, and in words.
fn pixel_space(wish: Wish) -> (&'static [u8; 4], &'static str) {
    match wish.grey && wish.format.holds_grey() {
        true => (b"GRAY", "grey"),
        false => (b"RGB ", "RGB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(format: Format) -> Wish {
        Wish {
            format,
            orient: None,
            strip: false,
            grey: false,
            levels: false,
        }
    }

    fn tagged() -> Metadata {
        Metadata {
            exif: Some(exif::tests::block()),
            ..Metadata::default()
        }
    }

    #[test]
    fn pixels_are_turned_unless_a_jpeg_keeps_the_tag() {
        let cases = [
            (Format::Png, None, 6),
            (Format::Pnm, None, 6),
            (Format::Jpeg, None, 1),
            (Format::Jpeg, Some(Orient::Apply), 6),
            (Format::Tiff, Some(Orient::Keep), 1),
        ];
        for (format, orient, turn) in cases {
            let wish = Wish {
                orient,
                ..wish(format)
            };
            let found = prepare(tagged(), &Behind::default(), wish);
            assert_eq!(found.turn.to_exif(), turn, "{format:?} {orient:?}");
            let left = exif::orientation(found.metadata.exif.as_deref().unwrap());
            assert_eq!(left.to_exif(), if turn == 6 { 1 } else { 6 });
        }
    }

    #[test]
    fn a_stripped_picture_does_not_fall_on_its_side() {
        let strip = |format| Wish {
            strip: true,
            ..wish(format)
        };
        let turned = prepare(tagged(), &Behind::default(), strip(Format::Png));
        assert_eq!((turned.turn.to_exif(), turned.metadata.exif), (6, None));
        let kept = prepare(tagged(), &Behind::default(), strip(Format::Jpeg));
        assert_eq!(
            kept.metadata.exif,
            Some(minimal_exif(Orientation::Rotate90))
        );
    }

    #[test]
    fn a_profile_for_inks_goes_with_the_inks_alone() {
        for (levels, format, kept) in [
            (true, Format::Jpeg, true),
            (false, Format::Jpeg, false),
            (false, Format::Png, false),
        ] {
            let mut icc = vec![0; 128];
            icc[16..20].copy_from_slice(b"CMYK");
            let metadata = Metadata {
                icc: Some(icc),
                ..Metadata::default()
            };
            let wish = Wish {
                levels,
                ..wish(format)
            };
            let found = prepare(metadata, &Behind::default(), wish);
            assert_eq!(found.metadata.icc.is_some(), kept, "{levels} {format:?}");
            assert_eq!(found.notes.is_empty(), kept, "{:?}", found.notes);
        }
    }

    #[test]
    fn a_lost_orientation_is_said() {
        let keep = Wish {
            orient: Some(Orient::Keep),
            ..wish(Format::Ppm)
        };
        let found = prepare(tagged(), &Behind::default(), keep);
        assert!(found.notes[0].contains("EXIF 6"), "{:?}", found.notes);
    }
}
