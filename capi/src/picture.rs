//! [`ddrmjpeg_picture`]: a result.

use std::ffi::{CString, c_char};

use ddrmjpeg::{Planar8, Restored};

use crate::arguments;
use crate::frame::ddrmjpeg_frame;
use crate::status::{Failure, ddrmjpeg_status, guard, guarded};

/// A restored picture, and the notes on what was done.
#[derive(Debug)]
pub struct ddrmjpeg_picture {
    frame: Planar8,
    restored: bool,
    notes: Vec<CString>,
}

impl From<Restored> for ddrmjpeg_picture {
    fn from(restored: Restored) -> Self {
        let text = |note: String| CString::new(note.replace('\0', " ")).unwrap_or_default();
        Self {
            frame: restored.frame,
            restored: restored.report.restored,
            notes: restored.report.notes.into_iter().map(text).collect(),
        }
    }
}

/// What `ask` says of a picture; 0 of none.
unsafe fn number(picture: *const ddrmjpeg_picture, ask: fn(&ddrmjpeg_picture) -> usize) -> u32 {
    guarded(0, || {
        // SAFETY: the caller keeps to the contract in the header.
        let picture = unsafe { arguments::borrow(picture, "picture") };
        picture.map_or(0, |picture| u32::try_from(ask(picture)).unwrap_or(0))
    })
}

/// Width in pixels; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_width(picture: *const ddrmjpeg_picture) -> u32 {
    // SAFETY: as there.
    unsafe { number(picture, |picture| picture.frame.width()) }
}

/// Height in pixels; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_height(picture: *const ddrmjpeg_picture) -> u32 {
    // SAFETY: as there.
    unsafe { number(picture, |picture| picture.frame.height()) }
}

/// 1 for grey, 3 for RGB and YCbCr; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_channels(picture: *const ddrmjpeg_picture) -> u32 {
    // SAFETY: as there.
    unsafe { number(picture, |picture| picture.frame.planes.len()) }
}

/// 1 if the picture was restored, 0 if it was passed through, which the notes give the reason for;
/// 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_restored(picture: *const ddrmjpeg_picture) -> u32 {
    // SAFETY: as there.
    unsafe { number(picture, |picture| usize::from(picture.restored)) }
}

/// What the user should know, such as data that ends early: the note of this number, from 0 on, in
/// UTF-8; NULL if there are no more. Valid until the picture is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_note(
    picture: *const ddrmjpeg_picture,
    number: usize,
) -> *const c_char {
    guarded(std::ptr::null(), || {
        // SAFETY: the caller keeps to the contract in the header.
        let picture = unsafe { arguments::borrow(picture, "picture") };
        let note = picture.ok().and_then(|picture| picture.notes.get(number));
        note.map_or(std::ptr::null(), |note| note.as_ptr())
    })
}

/// Writes the pixels to a frame of the same size: RGB and BGR formats for a picture of RGB or grey,
/// DDRMJPEG_FORMAT_GREY for grey, and the format that came in for a frame of YCbCr.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_write(
    picture: *const ddrmjpeg_picture,
    frame: *const ddrmjpeg_frame,
) -> ddrmjpeg_status {
    guard(|| {
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let picture = arguments::borrow(picture, "picture")?;
            arguments::borrow(frame, "frame")?.write(&picture.frame)
        }
    })
}

/// Frees a picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_picture_free(picture: *mut ddrmjpeg_picture) {
    // SAFETY: the caller keeps to the contract in the header.
    guarded((), || unsafe { arguments::free(picture) });
}

/// Hands a result to the caller.
///
/// # Safety
/// As [`arguments::give`].
pub(crate) unsafe fn give(
    out: *mut *mut ddrmjpeg_picture,
    restored: Restored,
) -> Result<(), Failure> {
    // SAFETY: the caller's word.
    unsafe { arguments::give(out, restored.into()) }
}
