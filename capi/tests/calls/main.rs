//! The functions as C calls them: what they return is what the library returns, and what cannot be
//! right is refused with a status and a sentence.

mod refused;
mod results;

use std::ffi::{CStr, CString};
use std::ptr::null_mut;

use ddrmjpeg::{ModelOptions, PixelModel, Planar8, Restorer};
use ddrmjpeg_capi::{
    ddrmjpeg_format, ddrmjpeg_frame, ddrmjpeg_last_error, ddrmjpeg_last_status, ddrmjpeg_options,
    ddrmjpeg_options_free, ddrmjpeg_options_new, ddrmjpeg_options_set, ddrmjpeg_picture,
    ddrmjpeg_picture_channels, ddrmjpeg_picture_free, ddrmjpeg_picture_height,
    ddrmjpeg_picture_width, ddrmjpeg_picture_write, ddrmjpeg_restorer, ddrmjpeg_restorer_open,
    ddrmjpeg_status,
};

const OK: ddrmjpeg_status = ddrmjpeg_status::Ok;
const SIZE: (usize, usize) = (75, 42);

fn scene(model: PixelModel) -> Planar8 {
    let mut scene = Planar8::new(model, SIZE.0, SIZE.1, (1, 1));
    for (c, plane) in scene.planes.iter_mut().enumerate() {
        for (i, sample) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            let edge = if (x / 17 + y / 13) % 3 == c { 60 } else { 0 };
            *sample = (40 + x + edge + (x * y) % 11) as u8;
        }
    }
    scene
}

fn jpeg(model: PixelModel) -> Vec<u8> {
    ddrmjpeg::encode(&scene(model), 30, (1, 1)).unwrap()
}

fn nano() -> Restorer {
    Restorer::open(&ModelOptions::default().with_model("nano")).unwrap()
}

/// What the last failed call of this thread says.
fn last_error() -> (ddrmjpeg_status, String) {
    // SAFETY: nothing of this thread fails in between.
    let text = unsafe { CStr::from_ptr(ddrmjpeg_last_error()) };
    (ddrmjpeg_last_status(), text.to_str().unwrap().to_owned())
}

/// The status and the start of the message that `call` must end with.
fn assert_fails(call: ddrmjpeg_status, status: ddrmjpeg_status, message: &str) {
    let (last, text) = last_error();
    assert_eq!((call, last), (status, status), "{text}");
    assert!(text.starts_with(message), "{text}");
}

fn options(pairs: &[(&str, &str)]) -> *mut ddrmjpeg_options {
    let options = ddrmjpeg_options_new();
    for (name, value) in pairs {
        let (name, value) = (CString::new(*name).unwrap(), CString::new(*value).unwrap());
        // SAFETY: all three are there.
        let status = unsafe { ddrmjpeg_options_set(options, name.as_ptr(), value.as_ptr()) };
        assert_eq!(status, OK, "{}", last_error().1);
    }
    options
}

fn open() -> *mut ddrmjpeg_restorer {
    let options = options(&[("model", "nano")]);
    let mut restorer = null_mut();
    // SAFETY: the options are there and are freed once.
    unsafe {
        assert_eq!(ddrmjpeg_restorer_open(options, &mut restorer), OK);
        ddrmjpeg_options_free(options);
    }
    restorer
}

/// A frame of one plane of `bytes`.
fn packed(format: ddrmjpeg_format, bytes: &mut [u8], stride: usize) -> ddrmjpeg_frame {
    ddrmjpeg_frame {
        struct_size: size_of::<ddrmjpeg_frame>(),
        format: format as u32,
        width: SIZE.0 as u32,
        height: SIZE.1 as u32,
        reserved: 0,
        planes: [bytes.as_mut_ptr(), null_mut(), null_mut()],
        sizes: [bytes.len(), 0, 0],
        strides: [stride, 0, 0],
    }
}

/// The pixels of a picture as RGB, or as grey, in rows of some more bytes; frees it.
fn pixels(picture: *mut ddrmjpeg_picture) -> Vec<u8> {
    // SAFETY: the picture is there, and freed once.
    unsafe {
        let channels = ddrmjpeg_picture_channels(picture) as usize;
        let size = (
            ddrmjpeg_picture_width(picture),
            ddrmjpeg_picture_height(picture),
        );
        assert_eq!(size, (SIZE.0 as u32, SIZE.1 as u32));
        let format = match channels {
            1 => ddrmjpeg_format::Grey,
            _ => ddrmjpeg_format::Rgb,
        };
        let (row, stride) = (channels * SIZE.0, channels * SIZE.0 + 5);
        let mut bytes = vec![77; stride * SIZE.1];
        let frame = packed(format, &mut bytes, stride);
        assert_eq!(ddrmjpeg_picture_write(picture, &frame), OK);
        ddrmjpeg_picture_free(picture);
        assert!(
            bytes
                .chunks(stride)
                .all(|line| line[row..].iter().all(|&byte| byte == 77))
        );
        bytes
            .chunks(stride)
            .flat_map(|line| line[..row].to_vec())
            .collect()
    }
}
