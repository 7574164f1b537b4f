//! [`ddrmjpeg_stream`]: frame after frame.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use ddrmjpeg::{Control, Degradation, Layout, RestoreOptions, Stream};

use crate::arguments;
use crate::frame::ddrmjpeg_frame;
use crate::options::ddrmjpeg_options;
use crate::picture::{self, ddrmjpeg_picture};
use crate::restorer::{ddrmjpeg_restorer, frame_info, of_jpeg, options_or_default};
use crate::status::{ddrmjpeg_status, guard, guarded};

/// The frames of one stream, one after another. What has not changed since the frame before is not
/// computed again. For one thread at a time.
pub struct ddrmjpeg_stream {
    frames: Stream,
    options: RestoreOptions,
}

impl ddrmjpeg_stream {
    /// Restores the next frame. After a panic nothing is taken over from what was before.
    fn next(
        &mut self,
        restore: impl FnOnce(&mut Stream, &RestoreOptions) -> ddrmjpeg::Result<ddrmjpeg::Restored>,
    ) -> ddrmjpeg::Result<ddrmjpeg::Restored> {
        let Self { frames, options } = self;
        match catch_unwind(AssertUnwindSafe(|| restore(frames, options))) {
            Ok(restored) => restored,
            Err(payload) => {
                frames.reset();
                resume_unwind(payload)
            }
        }
    }
}

/// A stream that has seen no frame yet, with these options for all of its frames; NULL: the
/// defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_stream_open(
    restorer: *const ddrmjpeg_restorer,
    options: *const ddrmjpeg_options,
    out: *mut *mut ddrmjpeg_stream,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let frames = arguments::borrow(restorer, "restorer")?.0.stream();
            let options = options_or_default(options)?.restore;
            arguments::give(out, ddrmjpeg_stream { frames, options })
        }
    })
}

/// As ddrmjpeg_restore_jpeg, for the next frame. A frame without tables of its own, as in AVI, has
/// those of frames before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_stream_restore_jpeg(
    stream: *mut ddrmjpeg_stream,
    data: *const u8,
    size: usize,
    out: *mut *mut ddrmjpeg_picture,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let stream = arguments::borrow_mut(stream, "stream")?;
            of_jpeg(&stream.options)?;
            let data = arguments::bytes(data, size, "data")?;
            let restored = stream.next(|frames, options| {
                frames.restore_jpeg(data, Layout::AsFile, options, Control::default())
            })?;
            picture::give(out, restored)
        }
    })
}

/// As ddrmjpeg_restore_frame, for the next frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_stream_restore_frame(
    stream: *mut ddrmjpeg_stream,
    frame: *const ddrmjpeg_frame,
    quality: u32,
    out: *mut *mut ddrmjpeg_picture,
) -> ddrmjpeg_status {
    guard(|| {
        arguments::check(out, "out")?;
        // SAFETY: the caller keeps to the contract in the header.
        unsafe {
            let stream = arguments::borrow_mut(stream, "stream")?;
            let frame = arguments::borrow(frame, "frame")?.read()?;
            let info = frame_info(quality)?;
            let control = Control::default();
            let restored = stream.next(|frames, options| match options.degradation {
                Degradation::Quant(bits) => frames.restore_levels(&frame, bits, options, control),
                _ => frames.restore_frame(&frame, &info, options, control),
            })?;
            picture::give(out, restored)
        }
    })
}

/// Forgets every frame: what follows a seek or a gap has nothing to do with what was before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_stream_reset(stream: *mut ddrmjpeg_stream) -> ddrmjpeg_status {
    guard(|| {
        // SAFETY: the caller keeps to the contract in the header.
        let stream = unsafe { arguments::borrow_mut(stream, "stream")? };
        stream.frames.reset();
        Ok(())
    })
}

/// Frees a stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddrmjpeg_stream_free(stream: *mut ddrmjpeg_stream) {
    // SAFETY: the caller keeps to the contract in the header.
    guarded((), || unsafe { arguments::free(stream) });
}
