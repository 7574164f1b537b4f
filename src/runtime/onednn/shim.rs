//! The functions of shim.cc as Rust declarations, and their messages as errors. Only this folder
//! calls them.

use std::ffi::{CStr, c_char, c_void};

use crate::error::{Error, Result};

/// As `Shape` in shim.cc.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub types: i32,
    pub input: i32,
    pub output: i32,
    pub side: i32,
    pub stride: i32,
    pub height: i32,
    pub width: i32,
    pub beside: i32,
    pub end: i32,
}

/// `Weights` of shim.cc.
#[repr(C)]
pub(crate) struct RawWeights {
    _private: [u8; 0],
}

/// `Conv` of shim.cc.
#[repr(C)]
pub(crate) struct RawConv {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn dn_free(message: *mut c_char);
    fn dn_version(out: *mut i32);
    pub(crate) fn dn_pack(
        shape: *const Shape,
        oihw: *const f32,
        out: *mut *mut RawWeights,
    ) -> *mut c_char;
    pub(crate) fn dn_drop_weights(weights: *mut RawWeights);
    pub(crate) fn dn_plan(
        shape: *const Shape,
        out: *mut *mut RawConv,
        scratch: *mut usize,
    ) -> *mut c_char;
    pub(crate) fn dn_drop_conv(conv: *mut RawConv);
    pub(crate) fn dn_run(
        conv: *const RawConv,
        weights: *mut RawWeights,
        bias: *const f32,
        scale: *const f32,
        source: *const c_void,
        result: *mut c_void,
        scratch: *mut c_void,
    ) -> *mut c_char;
}

/// Converts a message of the shim to an error; null means success.
pub(crate) fn check(message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the shim returns null or a string that ends in a zero and that the caller owns.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    let line = format!("oneDNN: {}", text.lines().next().unwrap_or_default());
    // SAFETY: it comes from the shim and is not used after this.
    unsafe { dn_free(message) };
    Err(Error::Backend(line))
}

/// The version of oneDNN, such as 2.6.3.
pub(crate) fn version() -> String {
    let mut parts = [0; 3];
    // SAFETY: the shim writes three numbers.
    unsafe { dn_version(parts.as_mut_ptr()) };
    let [major, minor, patch] = parts;
    format!("{major}.{minor}.{patch}")
}
