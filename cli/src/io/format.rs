//! The formats that pictures are written in, by extension, and which metadata each can hold.

use std::path::Path;

use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::{Density, DensityUnit, Metadata};
use image::metadata::Orientation;

/// A format of output files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG
    Png,
    /// TIFF, uncompressed
    Tiff,
    /// WebP, lossless
    WebP,
    /// PPM: colour, always
    Ppm,
    /// PGM: grey, always
    Pgm,
    /// Whichever of the two the picture is
    Pnm,
    /// JPEG
    Jpeg,
}

impl Format {
    /// By the extension of `path`; `None` for others.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "png" => Self::Png,
            "tif" | "tiff" => Self::Tiff,
            "webp" => Self::WebP,
            "ppm" => Self::Ppm,
            "pgm" => Self::Pgm,
            "pnm" => Self::Pnm,
            "jpg" | "jpeg" | "jpe" | "jfif" => Self::Jpeg,
            _ => return None,
        })
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
            Self::Ppm => "PPM",
            Self::Pgm => "PGM",
            Self::Pnm => "PNM",
            Self::Jpeg => "JPEG",
        }
    }

    /// The extension of files that the command names itself.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Tiff => "tif",
            Self::WebP => "webp",
            Self::Ppm => "ppm",
            Self::Pgm => "pgm",
            Self::Pnm => "pnm",
            Self::Jpeg => "jpg",
        }
    }

    /// Whether its files cannot hold any metadata.
    pub fn is_bare(self) -> bool {
        matches!(self, Self::Ppm | Self::Pgm | Self::Pnm)
    }

    /// Whether grey pictures are written as grey.
    pub fn holds_grey(self) -> bool {
        !matches!(self, Self::WebP | Self::Ppm)
    }

    /// Which of `metadata` its files cannot hold, in words. The encoders write the rest.
    pub fn unheld(self, metadata: &Metadata) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |missing: bool, what: String| found.extend(missing.then_some(what));
        let (bare, jpeg) = (self.is_bare(), self == Self::Jpeg);
        let tiff = self == Self::Tiff;
        let exif = metadata.exif.as_deref().filter(|exif| says_more(exif));
        check(exif.is_some() && (bare || tiff), "EXIF".into());
        check(metadata.icc.is_some() && bare, "the ICC profile".into());
        let unreadable = |xmp: &Vec<u8>| self == Self::Png && std::str::from_utf8(xmp).is_err();
        let xmp = metadata.xmp.as_ref();
        let no_xmp = xmp.is_some_and(|xmp| bare || unreadable(xmp));
        check(no_xmp, "XMP".into());
        let extended = !metadata.extended_xmp.is_empty();
        check(extended && !jpeg, "extended XMP".into());
        let photoshop = metadata.photoshop.is_some();
        check(photoshop && !jpeg && !tiff, photoshop_name(metadata).into());
        let no_texts = bare || self == Self::WebP;
        // TIFF holds ASCII only.
        let unwritten = |comment: &&Vec<u8>| no_texts || tiff && !comment.is_ascii();
        let texts = metadata.comments.iter().filter(unwritten).count();
        check(texts > 0, comments_name(texts));
        if let Some(density) = metadata.density.filter(|density| !is_usual(*density)) {
            check(
                no_texts,
                format!("the density of {}", density_name(density)),
            );
        }
        if jpeg {
            found.extend(jpeg::file::write::left_out(metadata));
        }
        found
    }
}

/// Whether a block of EXIF has more than an orientation.
fn says_more(exif: &[u8]) -> bool {
    exif != minimal_exif(Orientation::NoTransforms)
        && Orientation::from_exif_chunk(exif).is_none_or(|found| exif != minimal_exif(found))
}

/// A block of EXIF that holds an orientation alone.
pub fn minimal_exif(orientation: Orientation) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec();
    exif[19] = orientation.to_exif();
    exif
}

/// What Photoshop's resources mostly hold, in words.
pub fn photoshop_name(metadata: &Metadata) -> &'static str {
    match metadata.has_iptc() {
        true => "IPTC",
        false => "Photoshop's resources",
    }
}

/// `a comment`, or how many.
pub fn comments_name(count: usize) -> String {
    match count {
        1 => "a comment".into(),
        n => format!("{n} comments"),
    }
}

/// `300 x 300 dpi`.
pub fn density_name(density: Density) -> String {
    let Density { unit, x, y } = density;
    match unit {
        DensityUnit::Ratio => format!("{x}:{y}"),
        DensityUnit::Inch => format!("{x} x {y} dpi"),
        DensityUnit::Centimetre => format!("{x} x {y} per cm"),
    }
}

/// Square pixels of unknown size, or the 72 dpi that programs write if they know no density.
fn is_usual(density: Density) -> bool {
    let square = density.x == density.y;
    square && (density.unit == DensityUnit::Ratio || density.x == 72)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orientation_alone_is_no_loss() {
        let metadata = |exif: Vec<u8>| Metadata {
            exif: Some(exif),
            ..Metadata::default()
        };
        for turn in 1..=8 {
            let orientation = Orientation::from_exif(turn).unwrap();
            let exif = minimal_exif(orientation);
            assert_eq!(Orientation::from_exif_chunk(&exif), Some(orientation));
            assert!(Format::Pnm.unheld(&metadata(exif)).is_empty());
        }
        let more = metadata(b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec());
        assert_eq!(Format::Pnm.unheld(&more), ["EXIF"]);
        assert!(Format::Png.unheld(&more).is_empty());
    }
}
