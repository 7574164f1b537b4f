//! [`ddrmjpeg_inspect`]: what a JPEG file says.

use ddrmjpeg::{Header, JpegFile, Limits};
use image::metadata::Orientation;

use crate::arguments;
use crate::status::{Failure, ddrmjpeg_status, guard};

/// What a JPEG file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ddrmjpeg_info {
    /// sizeof(ddrmjpeg_info), set by the caller.
    pub struct_size: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Components in the file: 1 for grey, 3, or 4 for CMYK and YCCK.
    pub components: u32,
    /// Luma samples per chroma sample horizontally; 1 without chroma.
    pub subsampling_x: u32,
    /// The same vertically.
    pub subsampling_y: u32,
    /// The IJG quality, if the tables are exactly libjpeg's of one; else 0.
    pub quality: u32,
    /// 1 if it is progressive, else 0.
    pub progressive: u32,
    /// How to turn the picture upright, as EXIF numbers it: 1 (it is upright) to 8.
    pub orientation: u32,
    /// 1 if the data end early or are damaged, else 0.
    pub damaged: u32,
    /// Zero.
    pub reserved: u32,
}

fn described(bytes: &[u8]) -> ddrmjpeg::Result<ddrmjpeg_info> {
    let file = JpegFile::read(bytes, &Limits::default())?;
    let header = Header::read(bytes).ok();
    let quality = header.as_ref().and_then(Header::ijg_quality);
    let (x, y) = file.subsampling();
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let exif = file.metadata.exif.as_deref();
    let turn = exif.and_then(Orientation::from_exif_chunk);
    Ok(ddrmjpeg_info {
        struct_size: size_of::<ddrmjpeg_info>(),
        width: small(file.width),
        height: small(file.height),
        components: small(file.components.len() + usize::from(file.ink.is_some())),
        subsampling_x: small(x),
        subsampling_y: small(y),
        quality: quality.map_or(0, u32::from),
        progressive: u32::from(file.progressive),
        orientation: turn.map_or(1, |turn| u32::from(turn.to_exif())),
        damaged: u32::from(file.damage.is_some()),
        reserved: 0,
    })
}

/// Tells what a JPEG file says. It is read to its end, which is how damage is found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_inspect(
    data: *const u8,
    size: usize,
    info: *mut ddrmjpeg_info,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(info, "info")?;
        // SAFETY: the caller keeps to the contract in the header: the first field can be read.
        let given = unsafe { (&raw const (*info).struct_size).read() };
        if given < size_of::<ddrmjpeg_info>() {
            return Err(Failure::argument(format!(
                "info.struct_size = {given}: at least {} is wanted",
                size_of::<ddrmjpeg_info>()
            )));
        }
        // SAFETY: the caller keeps to the contract in the header.
        let mut found = described(unsafe { arguments::bytes(data, size, "data")? })?;
        found.struct_size = given;
        // SAFETY: not NULL, aligned, and by its size long enough.
        unsafe { info.write(found) };
        Ok(())
    })
}
