//! [`ddrmjpeg_restorer`]: an opened model.

use ddrmjpeg::{Control, Degradation, FrameInfo, FrameTables, RestoreOptions, Restorer};

use crate::arguments;
use crate::frame::ddrmjpeg_frame;
use crate::options::ddrmjpeg_options;
use crate::picture::{self, ddrmjpeg_picture};
use crate::status::{Failure, ddrmjpeg_status, guard, guarded};

/// An opened model. Restores any number of pictures, from any number of threads at once.
pub struct ddrmjpeg_restorer(pub(crate) Restorer);

/// The options at `options`; the defaults for NULL.
///
/// # Safety
/// As [`arguments::borrow`].
pub(crate) unsafe fn options_or_default(
    options: *const ddrmjpeg_options,
) -> Result<ddrmjpeg_options, Failure> {
    match options.is_null() {
        true => Ok(ddrmjpeg_options::default()),
        // SAFETY: the caller's word.
        false => Ok(unsafe { arguments::borrow(options, "options")? }.clone()),
    }
}

/// What is known of a frame: a quality, or, if it is 0, what its pixels show.
pub(crate) fn frame_info(quality: u32) -> Result<FrameInfo, Failure> {
    match (quality, u8::try_from(quality)) {
        (0, _) => Ok(FrameTables::Estimate.into()),
        (_, Ok(quality @ 1..=100)) => Ok(FrameTables::Quality(quality).into()),
        _ => Err(ddrmjpeg::Error::option("quality", quality, "0 or 1..100").into()),
    }
}

/// A JPEG has tables: options for pictures of few levels are refused.
pub(crate) fn of_jpeg(options: &RestoreOptions) -> Result<(), Failure> {
    match options.degradation {
        Degradation::Jpeg => Ok(()),
        other => Err(ddrmjpeg::Error::option("degradation", other, "jpeg for a JPEG").into()),
    }
}

/// Opens the model that the options name; those of a restoration do not count. NULL: the default,
/// "lean". One restorer serves for all pictures.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_restorer_open(
    options: *const ddrmjpeg_options,
    out: *mut *mut ddrmjpeg_restorer,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let options = options_or_default(options)?;
            let restorer = Restorer::open(&options.model)?;
            arguments::give(out, ddrmjpeg_restorer(restorer))
        }
    })
}

/// Frees a restorer. Streams of it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_restorer_free(restorer: *mut ddrmjpeg_restorer) {
    // SAFETY: the caller keeps to the contract in the header.
    guarded((), || unsafe { arguments::free(restorer) });
}

/// Restores the bytes of a JPEG file. The picture is RGB, or grey if the file is, and lies as in
/// the file: ddrmjpeg_inspect tells how EXIF wants it turned. Of the options those of a restoration
/// count; NULL: the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_restore_jpeg(
    restorer: *const ddrmjpeg_restorer,
    options: *const ddrmjpeg_options,
    data: *const u8,
    size: usize,
    out: *mut *mut ddrmjpeg_picture,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let restorer = arguments::borrow(restorer, "restorer")?;
            let options = options_or_default(options)?.restore;
            of_jpeg(&options)?;
            let data = arguments::bytes(data, size, "data")?;
            let control = Control::default();
            picture::give(out, restorer.0.restore_jpeg(data, &options, control)?)
        }
    })
}

/// Restores a frame that another decoder has decoded, or any picture that was a JPEG once and was
/// not scaled since. quality: the IJG quality that it was encoded with, 1 to 100; 0: it is found
/// from the pixels, and a frame that shows none comes back as it was, with a note. The picture has
/// the colours and the sampling of the frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_restore_frame(
    restorer: *const ddrmjpeg_restorer,
    options: *const ddrmjpeg_options,
    frame: *const ddrmjpeg_frame,
    quality: u32,
    out: *mut *mut ddrmjpeg_picture,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let restorer = &arguments::borrow(restorer, "restorer")?.0;
            let options = options_or_default(options)?.restore;
            let frame = arguments::borrow(frame, "frame")?.read()?;
            let control = Control::default();
            let restored = match options.degradation {
                Degradation::Quant(bits) => {
                    restorer.restore_levels(&frame, bits, &options, control)?
                }
                _ => restorer.restore_frame(&frame, &frame_info(quality)?, &options, control)?,
            };
            picture::give(out, restored)
        }
    })
}
