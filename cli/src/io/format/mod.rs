//! The formats that pictures are written in, by extension, and which metadata each can hold. The
//! table is in `rows`.

mod table;

use std::path::Path;

use anyhow::{Result, bail};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::{Density, DensityUnit, Metadata};
use image::metadata::Orientation;

pub use crate::io::format::table::Encoder;
use crate::io::format::table::{ROWS, Row, Text};
use crate::io::picture::rows::EncodeRows;
use crate::io::picture::samples::{Colour, Depth};

/// A format of output files: the name of a row of [`ROWS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG
    Png,
    /// TIFF, uncompressed
    Tiff,
    /// WebP, lossless
    WebP,
    /// AVIF
    Avif,
    /// JPEG XL, lossless
    Jxl,
    /// PPM: colour, always
    Ppm,
    /// PGM: grey, always
    Pgm,
    /// Whichever of the two the picture is
    Pnm,
    /// PAM: colour or grey, with its name in the header
    Pam,
    /// PFM: f32
    Pfm,
    /// Y4M: frames of YCbCr with a header
    Y4m,
    /// Samples of R, G, B without a header
    RawRgb,
    /// Planes of Y, Cb, Cr without a header
    RawYuv,
    /// JPEG
    Jpeg,
}

impl Format {
    fn row(self) -> &'static Row {
        let row = ROWS.iter().find(|row| row.format == self);
        row.expect("every format has a row: a test goes through them")
    }

    /// By the extension of `path`; `None` for others.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let row = ROWS
            .iter()
            .find(|row| row.extensions.contains(&&*extension));
        row.map(|row| row.format)
    }

    /// By an extension without its dot, as `--format` has it.
    ///
    /// # Errors
    /// A sentence with every extension.
    pub fn named(name: &str) -> Result<Self, String> {
        let names = || Self::extensions().collect::<Vec<_>>().join(", ");
        let found = Self::of(Path::new(&format!("it.{name}")));
        found.ok_or_else(|| format!("{name}: must be one of {}", names()))
    }

    /// The extensions of all files that can be written.
    pub fn extensions() -> impl Iterator<Item = &'static str> {
        ROWS.iter().flat_map(|row| row.extensions.iter().copied())
    }

    /// The extensions of pictures that are not JPEG and can be read.
    pub fn picture_extensions() -> impl Iterator<Item = &'static str> {
        let pictures = ROWS.iter().filter(|row| row.encoder.is_some() && row.read);
        pictures.flat_map(|row| row.extensions.iter().copied())
    }

    /// Whether pictures of one size may follow each other in one file, as frames.
    pub fn is_of_frames(self) -> bool {
        matches!(self, Self::Y4m | Self::RawRgb | Self::RawYuv)
    }

    /// The depth of its files, `wanted` if anything is.
    ///
    /// # Errors
    /// A sentence if its files cannot be so.
    pub fn depth(self, wanted: Option<Depth>) -> Result<Depth> {
        let (name, depths) = (self.name(), self.row().depths);
        match wanted {
            None => Ok(depths[0]),
            Some(depth) if depths.contains(&depth) => Ok(depth),
            Some(depth) => {
                let known: Vec<_> = depths.iter().map(|depth| depth.name()).collect();
                let (depth, known) = (depth.name(), known.join(", "));
                bail!("a file of the format {name} cannot have {depth}, it can have {known}")
            }
        }
    }

    /// What its samples are.
    pub fn colour(self) -> Colour {
        self.row().colour
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The extension of files that the command names itself.
    pub fn extension(self) -> &'static str {
        self.row().extensions[0]
    }

    /// Whether its files cannot hold any metadata.
    pub fn is_bare(self) -> bool {
        let holds = &self.row().holds;
        !holds.exif && !holds.icc && holds.xmp == Text::None
    }

    /// Whether grey pictures are written as grey.
    pub fn holds_grey(self) -> bool {
        self.row().grey
    }

    /// Pixels to the bytes of a file; `None` for JPEG.
    pub fn encoder(self) -> Option<Encoder> {
        self.row().encoder
    }

    /// Whether its files have a quality.
    pub fn is_lossy(self) -> bool {
        let encoder = self.row().encoder;
        encoder.is_none_or(|encoder| matches!(encoder, Encoder::Lossy(_)))
    }

    /// Whether a file that is written in strips is gone back in.
    pub fn seeks(self) -> bool {
        self == Self::Tiff
    }

    /// Strips of a picture to a file; `None` where a file needs the whole picture.
    pub fn rows(self) -> Option<EncodeRows> {
        self.row().rows
    }

    /// Which of `metadata` its files cannot hold, in words. The encoders write the rest.
    pub fn unheld(self, metadata: &Metadata) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |missing: bool, what: String| found.extend(missing.then_some(what));
        let holds = &self.row().holds;
        let exif = metadata.exif.as_deref().filter(|exif| says_more(exif));
        check(exif.is_some() && !holds.exif, "EXIF".into());
        check(
            metadata.icc.is_some() && !holds.icc,
            "the ICC profile".into(),
        );
        let xmp = metadata.xmp.as_deref();
        check(xmp.is_some_and(|xmp| !holds.xmp.holds(xmp)), "XMP".into());
        let extended = !metadata.extended_xmp.is_empty();
        check(extended && !holds.extended_xmp, "extended XMP".into());
        let photoshop = metadata.photoshop.is_some();
        check(
            photoshop && !holds.photoshop,
            photoshop_name(metadata).into(),
        );
        let unwritten = |comment: &&Vec<u8>| !holds.comments.holds(comment);
        let texts = metadata.comments.iter().filter(unwritten).count();
        check(texts > 0, comments_name(texts));
        if let Some(density) = metadata.density.filter(|density| !is_usual(*density)) {
            check(
                !holds.density,
                format!("the density of {}", density_name(density)),
            );
        }
        if self == Self::Jpeg {
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
    fn every_format_has_one_row_and_extensions_of_its_own() {
        use Format::{
            Avif, Jpeg, Jxl, Pam, Pfm, Pgm, Png, Pnm, Ppm, RawRgb, RawYuv, Tiff, WebP, Y4m,
        };
        let all = [
            Png, Tiff, WebP, Avif, Jxl, Ppm, Pgm, Pnm, Pam, Pfm, Y4m, RawRgb, RawYuv, Jpeg,
        ];
        assert_eq!(ROWS.len(), all.len());
        for format in all {
            assert_eq!(format.row().format, format);
            for extension in format.row().extensions {
                let path = format!("a.{}", extension.to_uppercase());
                assert_eq!(Format::of(Path::new(&path)), Some(format));
            }
        }
        assert_eq!(Format::of(Path::new("a.gif")), None);
    }

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
