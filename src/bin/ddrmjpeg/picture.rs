//! Picture files in and out, by way of the crate `image`.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Metadata;
use ddrmjpeg::options::Limits;
use image::codecs::{png::PngEncoder, pnm::PnmEncoder, tiff::TiffEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder};

use crate::files;

/// Reads any picture that `image` reads as RGB, or as grey when it is grey.
pub fn load(path: &Path) -> Result<Planar8> {
    let picture = image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .with_context(|| path.display().to_string())?
        .decode()
        .with_context(|| path.display().to_string())?;
    Ok(planar(picture))
}

/// Reads a JPEG too, as every libjpeg-turbo program shows it, as grey when it is grey.
pub fn load_any(path: &Path) -> Result<Planar8> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    match bytes.starts_with(&[0xFF, 0xD8]) {
        true => decode_jpeg(&bytes).with_context(name),
        false => decode(&bytes).with_context(name),
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<Planar8> {
    let mut shown = jpeg::pixels::decode(bytes, &Limits::default())?;
    if jpeg::header::parse(bytes)?.model == PixelModel::Grey {
        shown.model = PixelModel::Grey;
        shown.planes.truncate(1);
    }
    Ok(shown)
}

/// A picture that is no JPEG from the bytes of a file.
pub fn decode(bytes: &[u8]) -> Result<Planar8> {
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    Ok(planar(reader.decode()?))
}

/// Pixels of the picture in the bytes of a file, by its header; as many as can be where that does
/// not tell.
pub fn pixels(bytes: &[u8]) -> u64 {
    let size = match bytes.starts_with(&[0xFF, 0xD8]) {
        true => jpeg::header::parse(bytes)
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

/// The pixels as RGB, or as grey when they are grey.
pub fn planar(picture: DynamicImage) -> Planar8 {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if picture.color().has_color() {
        return Planar8::from_rgb(width, height, &picture.into_rgb8());
    }
    let mut grey = Planar8::new(PixelModel::Grey, width, height, (1, 1));
    grey.planes[0].data = picture.into_luma8().into_raw();
    grey
}

/// Two pictures of one size and model beside each other.
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

/// Writes `picture` to `path` in the format of its extension, whole or not at all.
pub fn save(picture: &Planar8, path: &Path, metadata: &Metadata) -> Result<()> {
    // All of it before the file is begun, so that there is hardly a moment at which an
    // interrupted program leaves a part of one behind.
    let bytes = encode(picture, path, metadata).with_context(|| path.display().to_string())?;
    save_bytes(&bytes, path)
}

/// Writes `bytes` to `path`, whole or not at all.
pub fn save_bytes(bytes: &[u8], path: &Path) -> Result<()> {
    whole(path, |file| Ok(file.write_all(bytes)?))
}

/// What `fill` writes comes to `path` when it is whole.
fn whole(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> Result<()> {
        std::fs::create_dir_all(folder)?;
        // Beside the target, so that the last step is a rename within one file system.
        let mut scratch = tempfile::Builder::new()
            .permissions(permissions())
            .tempfile_in(folder)?;
        fill(scratch.as_file_mut())?;
        scratch.persist(path)?;
        Ok(())
    };
    write().with_context(|| path.display().to_string())
}

/// The mode of ordinary new files, which the umask narrows; scratch files would be 0600.
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

/// Writes PNG to standard output.
pub fn save_to_stdout(picture: &Planar8, metadata: &Metadata) -> Result<()> {
    let bytes = encode(picture, Path::new("-.png"), metadata)?;
    std::io::stdout().lock().write_all(&bytes)?;
    Ok(())
}

/// The bytes of a file in the format of the extension of `path`.
fn encode(picture: &Planar8, path: &Path, metadata: &Metadata) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let out = &mut bytes;
    let pixels = picture
        .interleaved()
        .context("YCbCr planes have no file format")?;
    let color = match picture.model {
        PixelModel::Grey => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    let size = (picture.width() as u32, picture.height() as u32);
    let is = |extensions: &[&str]| files::has_extension(path, extensions);
    if is(&["png"]) {
        finish(PngEncoder::new(out), &pixels, size, color, metadata)
    } else if is(&["tif", "tiff"]) {
        finish(TiffEncoder::new(out), &pixels, size, color, metadata)
    } else if is(&["webp"]) {
        finish(
            WebPEncoder::new_lossless(out),
            &pixels,
            size,
            color,
            metadata,
        )
    } else {
        finish(PnmEncoder::new(out), &pixels, size, color, metadata)
    }?;
    Ok(bytes.into_inner())
}

/// Metadata go where the format has a place for them; PPM has none.
fn finish(
    mut encoder: impl ImageEncoder,
    pixels: &[u8],
    (width, height): (u32, u32),
    color: ExtendedColorType,
    metadata: &Metadata,
) -> Result<()> {
    // The profile of a CMYK file says nothing of the RGB that is written.
    let icc = metadata.icc.as_ref();
    if let Some(icc) = icc.filter(|icc| icc.get(16..20) != Some(b"CMYK")) {
        let _ = encoder.set_icc_profile(icc.clone());
    }
    if let Some(exif) = &metadata.exif {
        let _ = encoder.set_exif_metadata(exif.clone());
    }
    encoder.write_image(pixels, width, height, color)?;
    Ok(())
}

/// Reads all of `file`, or of standard input, but no more than `limit` bytes and one.
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
