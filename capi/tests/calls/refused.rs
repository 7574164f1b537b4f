//! NULL, sizes and numbers that cannot be.

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use ddrmjpeg::PixelModel;
use ddrmjpeg_capi::{
    ddrmjpeg_format, ddrmjpeg_frame, ddrmjpeg_inspect, ddrmjpeg_options_free, ddrmjpeg_options_new,
    ddrmjpeg_options_set, ddrmjpeg_picture, ddrmjpeg_picture_channels, ddrmjpeg_picture_free,
    ddrmjpeg_picture_height, ddrmjpeg_picture_note, ddrmjpeg_picture_restored,
    ddrmjpeg_picture_width, ddrmjpeg_picture_write, ddrmjpeg_restore_frame, ddrmjpeg_restore_jpeg,
    ddrmjpeg_restorer_free, ddrmjpeg_restorer_open, ddrmjpeg_status, ddrmjpeg_stream_free,
    ddrmjpeg_stream_open, ddrmjpeg_stream_reset, ddrmjpeg_stream_restore_frame,
    ddrmjpeg_stream_restore_jpeg, ddrmjpeg_version,
};

use crate::{OK, SIZE, assert_fails, jpeg, last_error, open, packed};

#[test]
fn null_is_refused_or_ignored_everywhere() {
    let restorer = open();
    let data = jpeg(PixelModel::Grey);
    let (bytes, size) = (data.as_ptr(), data.len());
    let mut picture: *mut ddrmjpeg_picture = null_mut();
    let (mut stream, mut opened) = (null_mut(), null_mut());
    let refused = |status: ddrmjpeg_status| {
        assert_fails(status, ddrmjpeg_status::Argument, "");
        assert!(last_error().1.ends_with("is NULL"), "{}", last_error().1);
    };
    let name = c"preset".as_ptr();
    let options = ddrmjpeg_options_new();
    // SAFETY: pointers are NULL or point to what they should.
    unsafe {
        for out in [null_mut(), &raw mut picture] {
            let (restorer, bytes) = match out.is_null() {
                true => (restorer.cast_const(), bytes),
                false => (null(), bytes),
            };
            refused(ddrmjpeg_restore_jpeg(restorer, null(), bytes, size, out));
            let frame = packed(ddrmjpeg_format::Grey, &mut [], 1);
            refused(ddrmjpeg_restore_frame(restorer, null(), &frame, 0, out));
        }
        refused(ddrmjpeg_restore_jpeg(
            restorer,
            null(),
            null(),
            5,
            &mut picture,
        ));
        refused(ddrmjpeg_restore_frame(
            restorer,
            null(),
            null(),
            0,
            &mut picture,
        ));
        refused(ddrmjpeg_restorer_open(null(), null_mut()));
        refused(ddrmjpeg_stream_open(null(), null(), &mut stream));
        refused(ddrmjpeg_stream_open(restorer, null(), null_mut()));
        refused(ddrmjpeg_stream_restore_jpeg(
            null_mut(),
            bytes,
            size,
            &mut picture,
        ));
        refused(ddrmjpeg_stream_restore_frame(
            null_mut(),
            null(),
            0,
            &mut picture,
        ));
        refused(ddrmjpeg_stream_reset(null_mut()));
        refused(ddrmjpeg_options_set(null_mut(), name, name));
        refused(ddrmjpeg_options_set(options, null(), name));
        refused(ddrmjpeg_options_set(options, name, null()));
        refused(ddrmjpeg_inspect(bytes, size, null_mut()));
        refused(ddrmjpeg_picture_write(null(), null()));
        assert!(picture.is_null() && stream.is_null());
        let numbers = [
            ddrmjpeg_picture_width(null()),
            ddrmjpeg_picture_height(null()),
            ddrmjpeg_picture_channels(null()),
            ddrmjpeg_picture_restored(null()),
        ];
        assert_eq!(numbers, [0; 4]);
        assert!(ddrmjpeg_picture_note(null(), 0).is_null());
        ddrmjpeg_picture_free(null_mut());
        ddrmjpeg_stream_free(null_mut());
        ddrmjpeg_restorer_free(null_mut());
        ddrmjpeg_options_free(null_mut());
        // No bytes are no file, wherever they are.
        let status = ddrmjpeg_restore_jpeg(restorer, null(), null(), 0, &mut picture);
        assert_fails(status, ddrmjpeg_status::Input, "bad input");
        let status = ddrmjpeg_options_set(options, c"model".as_ptr(), c"none.safetensors".as_ptr());
        assert_eq!(status, OK);
        let status = ddrmjpeg_restorer_open(options, &mut opened);
        assert_fails(status, ddrmjpeg_status::Io, "none.safetensors");
        assert!(opened.is_null());
        ddrmjpeg_options_free(options);
        ddrmjpeg_restorer_free(restorer);
    }
}

#[test]
fn sizes_and_numbers_that_cannot_be_are_refused() {
    let restorer = open();
    let mut grey = vec![90; SIZE.0 * SIZE.1];
    let good = packed(ddrmjpeg_format::Grey, &mut grey, SIZE.0);
    let mut picture = null_mut();
    let (argument, input) = (ddrmjpeg_status::Argument, ddrmjpeg_status::Input);
    let cases = [
        (
            ddrmjpeg_frame {
                struct_size: 8,
                ..good
            },
            argument,
            "frame.struct_size = 8",
        ),
        (
            ddrmjpeg_frame { format: 10, ..good },
            argument,
            "frame.format = 10",
        ),
        (
            ddrmjpeg_frame {
                sizes: [usize::MAX, 0, 0],
                ..good
            },
            argument,
            "frame.planes[0]",
        ),
        (
            ddrmjpeg_frame {
                sizes: [100, 0, 0],
                ..good
            },
            input,
            "bad input",
        ),
        (
            ddrmjpeg_frame {
                strides: [70, 0, 0],
                ..good
            },
            input,
            "bad input",
        ),
        (
            ddrmjpeg_frame {
                strides: [0, 0, 0],
                ..good
            },
            input,
            "bad input",
        ),
        (
            ddrmjpeg_frame {
                strides: [usize::MAX; 3],
                ..good
            },
            input,
            "bad input",
        ),
        (ddrmjpeg_frame { width: 0, ..good }, input, "bad input"),
        (
            ddrmjpeg_frame {
                width: u32::MAX,
                height: u32::MAX,
                ..good
            },
            input,
            "bad input",
        ),
    ];
    for (frame, status, message) in cases {
        // SAFETY: what is wrong with the frame is to be found.
        let call = unsafe { ddrmjpeg_restore_frame(restorer, null(), &frame, 0, &mut picture) };
        assert_fails(call, status, message);
    }
    // SAFETY: all are there, and freed once.
    unsafe {
        let call = ddrmjpeg_restore_frame(restorer, null(), &good, 101, &mut picture);
        assert_fails(call, ddrmjpeg_status::Options, "bad option: quality = 101");
        let unaligned = (&raw const good).byte_add(1);
        let call = ddrmjpeg_restore_frame(restorer, null(), unaligned, 0, &mut picture);
        assert_fails(call, argument, "frame is not aligned");
        let call = ddrmjpeg_restore_jpeg(restorer, null(), grey.as_ptr(), usize::MAX, &mut picture);
        assert_fails(call, argument, "data: ");
        ddrmjpeg_restorer_free(restorer);
        let version = CStr::from_ptr(ddrmjpeg_version());
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
    assert!(picture.is_null());
}
