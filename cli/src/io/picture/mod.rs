//! Reads and writes picture files; `encode`, `bare`, `avif` and `jxl` make bytes of `samples`.

pub mod avif;
mod avif_file;
pub mod bare;
mod boxes;
pub mod encode;
pub mod jxl;
mod jxl_header;
mod jxl_profile;
pub mod samples;

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::options::Limits;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat};

use crate::io::carry::exif;
use crate::io::files;
use crate::io::format::Format;
pub use crate::io::picture::bare::NO_COLOUR;
pub use crate::io::picture::encode::encode;
use crate::io::picture::samples::Pixels;

/// Reads any picture that `image` reads, as RGB, or as grey if it is grey.
pub fn load(path: &Path) -> Result<Planar8> {
    let picture = image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .with_context(|| path.display().to_string())?
        .decode()
        .with_context(|| path.display().to_string())?;
    Ok(Planar8::from(picture))
}

/// Likewise, and JPEG too, as every libjpeg-turbo program shows it.
pub fn load_any(path: &Path) -> Result<Planar8> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    match bytes.starts_with(&[0xFF, 0xD8]) {
        true => decode_jpeg(&bytes).with_context(name),
        false => decode(&bytes).with_context(name),
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<Planar8> {
    let mut shown = jpeg::file::pixels::decode(bytes, &Limits::default())?;
    if jpeg::segments::header::parse(bytes)?.model == PixelModel::Grey {
        shown.model = PixelModel::Grey;
        shown.planes.truncate(1);
    }
    Ok(shown)
}

/// Decodes a picture that is not a JPEG from the bytes of a file.
pub fn decode(bytes: &[u8]) -> Result<Planar8> {
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    Ok(Planar8::from(reader.decode()?))
}

/// Decodes any picture, JPEG too, and turns it upright as EXIF or TIFF's own tag says.
pub fn decode_upright(bytes: &[u8], limits: &Limits) -> Result<Planar8> {
    if bytes.starts_with(&[0xFF, 0xD8]) {
        let metadata = jpeg::file::read::metadata(bytes, limits)?;
        let turn = exif::orientation(metadata.exif.as_deref().unwrap_or_default());
        return Ok(turned(jpeg::file::pixels::decode(bytes, limits)?, turn));
    }
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut decoder = reader.into_decoder()?;
    let turn = decoder.orientation()?;
    Ok(turned(
        Planar8::from(DynamicImage::from_decoder(decoder)?),
        turn,
    ))
}

/// The name of the format of `bytes`, if they are a picture that can be read here.
pub fn other_format(bytes: &[u8]) -> Option<&'static str> {
    match image::guess_format(bytes).ok()? {
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Tiff => Some("TIFF"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Pnm => Some("PNM"),
        _ => None,
    }
}

/// How many pixels the picture in the bytes of a file has, by its header; the highest number if the
/// header does not say.
pub fn pixels(bytes: &[u8]) -> u64 {
    let size = match bytes.starts_with(&[0xFF, 0xD8]) {
        true => jpeg::segments::header::parse(bytes)
            .map(|header| (header.width as u64, header.height as u64))
            .ok(),
        false => image::ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .ok()
            .and_then(|reader| reader.into_dimensions().ok())
            .map(|(width, height)| (u64::from(width), u64::from(height))),
    };
    size.map_or(u64::MAX, |(width, height)| width * height)
}

/// Two pictures of one size and model side by side.
pub fn side_by_side(left: &Planar8, right: &Planar8) -> Planar8 {
    let mut out = Planar8::new(left.model, 2 * left.width(), left.height(), (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        let rows = |picture: &Planar8| picture.planes[c].data.clone();
        let (left, right) = (rows(left), rows(right));
        let pairs = left
            .chunks_exact(plane.width / 2)
            .zip(right.chunks_exact(plane.width / 2));
        for (row, (left, right)) in plane.data.chunks_exact_mut(plane.width).zip(pairs) {
            row[..left.len()].copy_from_slice(left);
            row[left.len()..].copy_from_slice(right);
        }
    }
    out
}

/// `picture` turned, or mirrored, as `turn` says.
pub fn turned(picture: Planar8, turn: Orientation) -> Planar8 {
    let (mut width, mut height) = (picture.width(), picture.height());
    if exif::transposes(turn) {
        (width, height) = (height, width);
    }
    let mut out = Planar8::new(picture.model, width, height, (1, 1));
    for (to, from) in out.planes.iter_mut().zip(picture.planes) {
        let (wide, high) = (from.width as u32, from.height as u32);
        let plane = GrayImage::from_raw(wide, high, from.data).expect("a plane holds its pixels");
        let mut plane = DynamicImage::from(plane);
        plane.apply_orientation(turn);
        to.data = plane.into_bytes();
    }
    out
}

/// Writes `picture`, without metadata, to `path` in the format of its extension, completely or not
/// at all.
pub fn save(picture: &Planar8, path: &Path) -> Result<()> {
    // Everything is encoded before the file is created, so that an interrupted program hardly ever
    // leaves a partial file behind.
    let name = || path.display().to_string();
    let format = Format::of(path).filter(|format| *format != Format::Jpeg);
    let format = format
        .context("the extension must be png, tif, webp, ppm or pam")
        .with_context(name)?;
    let metadata = Metadata::default();
    let bytes = Pixels::of(picture).and_then(|pixels| encode(pixels, format, &metadata, None));
    let bytes = bytes.with_context(name)?;
    save_bytes(&bytes, path)
}

/// Writes `bytes` to `path`, completely or not at all.
pub fn save_bytes(bytes: &[u8], path: &Path) -> Result<()> {
    whole(path, |file| Ok(file.write_all(bytes)?))
}

/// Moves what `fill` writes to `path` once it is complete.
fn whole(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut scratch = scratch_in(folder)?;
        fill(scratch.as_file_mut())?;
        scratch.persist(path)?;
        Ok(())
    };
    write().with_context(|| path.display().to_string())
}

/// A file in the folder of its target, so that the last step is a rename within one file system.
pub fn scratch_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .permissions(permissions())
        .tempfile_in(folder)
}

/// The mode of ordinary new files, which the umask narrows; scratch files would be 0600.
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

/// Reads all of a file, or of standard input, up to one byte more than `limit`.
pub fn read_bytes(source: &files::Source, limit: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = match source {
        files::Source::Stdin => std::io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes),
        files::Source::File(path) => {
            File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        }
    };
    read?;
    Ok(bytes)
}
