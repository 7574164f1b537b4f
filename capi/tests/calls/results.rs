//! What comes out is what the library makes.

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use ddrmjpeg::{Control, FrameInfo, FrameTables, Limits, PixelModel, RestoreOptions};
use ddrmjpeg_capi::{
    ddrmjpeg_format, ddrmjpeg_frame, ddrmjpeg_info, ddrmjpeg_inspect, ddrmjpeg_options_free,
    ddrmjpeg_picture_channels, ddrmjpeg_picture_free, ddrmjpeg_picture_note,
    ddrmjpeg_picture_restored, ddrmjpeg_picture_write, ddrmjpeg_restore_frame,
    ddrmjpeg_restore_jpeg, ddrmjpeg_restorer_free, ddrmjpeg_status, ddrmjpeg_stream,
    ddrmjpeg_stream_free, ddrmjpeg_stream_open, ddrmjpeg_stream_reset,
    ddrmjpeg_stream_restore_frame, ddrmjpeg_stream_restore_jpeg,
};

use crate::{OK, SIZE, assert_fails, jpeg, last_error, nano, open, options, packed, pixels};

#[test]
fn files_become_what_the_library_makes_of_them() {
    let restorer = open();
    for model in [PixelModel::Rgb, PixelModel::Grey] {
        let quality = RestoreOptions::default()
            .with_preset(ddrmjpeg::Preset::Quality)
            .with_seed(7);
        for wanted in [RestoreOptions::default(), quality] {
            let data = jpeg(model);
            let options = options(&[
                ("preset", &wanted.preset.to_string()),
                ("seed", &wanted.seed.to_string()),
            ]);
            let mut picture = null_mut();
            // SAFETY: all are there; the options are freed once.
            unsafe {
                let (bytes, size) = (data.as_ptr(), data.len());
                let status = ddrmjpeg_restore_jpeg(restorer, options, bytes, size, &mut picture);
                assert_eq!(status, OK, "{}", last_error().1);
                ddrmjpeg_options_free(options);
                assert_eq!(ddrmjpeg_picture_restored(picture), 1);
                assert!(ddrmjpeg_picture_note(picture, 0).is_null());
            }
            let restored = nano()
                .restore_jpeg(&data, &wanted, Control::default())
                .unwrap();
            assert_eq!(pixels(picture), restored.frame.interleaved().unwrap());
        }
    }
    // SAFETY: freed once.
    unsafe { ddrmjpeg_restorer_free(restorer) };
}

#[test]
fn damage_is_a_note() {
    let restorer = open();
    let data = jpeg(PixelModel::Rgb);
    let mut picture = null_mut();
    let mut info = ddrmjpeg_info {
        struct_size: size_of::<ddrmjpeg_info>(),
        width: 0,
        height: 0,
        components: 0,
        subsampling_x: 0,
        subsampling_y: 0,
        quality: 0,
        progressive: 9,
        orientation: 0,
        damaged: 9,
        reserved: 9,
    };
    // SAFETY: all are there, and freed once.
    unsafe {
        let (bytes, size) = (data.as_ptr(), data.len() * 2 / 3);
        assert_eq!(
            ddrmjpeg_restore_jpeg(restorer, null(), bytes, size, &mut picture),
            OK
        );
        let note = CStr::from_ptr(ddrmjpeg_picture_note(picture, 0))
            .to_str()
            .unwrap();
        assert!(note.contains("rows"), "{note}");
        assert!(ddrmjpeg_picture_note(picture, 1000).is_null());
        ddrmjpeg_picture_free(picture);
        ddrmjpeg_restorer_free(restorer);
        assert_eq!(ddrmjpeg_inspect(bytes, size, &mut info), OK);
        assert_eq!((info.damaged, info.width, info.height), (1, 75, 42));
        assert_eq!(ddrmjpeg_inspect(bytes, data.len(), &mut info), OK);
    }
    assert_eq!((info.damaged, info.progressive, info.components), (0, 0, 3));
    assert_eq!(
        (info.subsampling_x, info.quality, info.orientation),
        (1, 30, 1)
    );
}

#[test]
fn frames_keep_their_colours_and_their_sampling() {
    let restorer = open();
    let shown = ddrmjpeg::decode(&jpeg(PixelModel::Rgb), &Limits::default()).unwrap();
    let info = FrameInfo::from(FrameTables::Quality(30));
    let wanted = nano()
        .restore_frame(
            &shown,
            &info,
            &RestoreOptions::default(),
            Control::default(),
        )
        .unwrap();
    let mut picture = null_mut();
    let mut rgb = shown.interleaved().unwrap();
    // SAFETY: all are there.
    unsafe {
        let frame = packed(ddrmjpeg_format::Rgb, &mut rgb, 3 * SIZE.0);
        assert_eq!(
            ddrmjpeg_restore_frame(restorer, null(), &frame, 30, &mut picture),
            OK
        );
    }
    assert_eq!(pixels(picture), wanted.frame.interleaved().unwrap());

    // 4:2:0 in three planes, and back into them.
    let (mut y, mut cb, mut cr) = (vec![90; 80 * 42], vec![120; 38 * 21], vec![130; 38 * 21]);
    let frame = ddrmjpeg_frame {
        format: ddrmjpeg_format::I420 as u32,
        planes: [y.as_mut_ptr(), cb.as_mut_ptr(), cr.as_mut_ptr()],
        sizes: [y.len(), cb.len(), cr.len()],
        strides: [80, 38, 38],
        ..packed(ddrmjpeg_format::I420, &mut [], 0)
    };
    // SAFETY: all are there, and freed once.
    unsafe {
        assert_eq!(
            ddrmjpeg_restore_frame(restorer, null(), &frame, 0, &mut picture),
            OK
        );
        assert_eq!(ddrmjpeg_picture_channels(picture), 3);
        let nv12 = ddrmjpeg_frame { format: 1, ..frame };
        let status = ddrmjpeg_picture_write(picture, &nv12);
        assert_fails(status, ddrmjpeg_status::Input, "bad input");
        assert_eq!(ddrmjpeg_picture_write(picture, &frame), OK);
        let twice = ddrmjpeg_frame {
            planes: [frame.planes[0]; 3],
            ..frame
        };
        let status = ddrmjpeg_picture_write(picture, &twice);
        let message = "frame.planes[0] and frame.planes[1] overlap";
        assert_fails(status, ddrmjpeg_status::Argument, message);
        ddrmjpeg_picture_free(picture);
        ddrmjpeg_restorer_free(restorer);
    }
}

#[test]
fn a_stream_outlives_its_restorer_and_starts_over() {
    let restorer = open();
    let mut stream: *mut ddrmjpeg_stream = null_mut();
    let (mut first, mut again) = (null_mut(), null_mut());
    let data = jpeg(PixelModel::Rgb);
    // SAFETY: all are there, and freed once.
    unsafe {
        assert_eq!(ddrmjpeg_stream_open(restorer, null(), &mut stream), OK);
        ddrmjpeg_restorer_free(restorer);
        let (bytes, size) = (data.as_ptr(), data.len());
        assert_eq!(
            ddrmjpeg_stream_restore_jpeg(stream, bytes, size, &mut first),
            OK
        );
        assert_eq!(
            ddrmjpeg_stream_restore_jpeg(stream, bytes, size, &mut again),
            OK
        );
        assert_eq!(pixels(first), pixels(again));
        let status = ddrmjpeg_stream_restore_jpeg(stream, bytes, 4, &mut first);
        assert_fails(status, ddrmjpeg_status::Input, "bad input");
        assert_eq!(ddrmjpeg_stream_reset(stream), OK);
        let mut grey = vec![90; SIZE.0 * SIZE.1];
        let frame = packed(ddrmjpeg_format::Grey, &mut grey, SIZE.0);
        assert_eq!(
            ddrmjpeg_stream_restore_frame(stream, &frame, 50, &mut first),
            OK
        );
        assert_eq!(pixels(first).len(), SIZE.0 * SIZE.1);
        ddrmjpeg_stream_free(stream);
    }
}
