//! The functions of shim.cc and device.cc as Rust declarations, and their messages as errors. Only
//! this folder calls them.

use std::ffi::{CStr, c_char, c_int, c_void};

use torch_sys::C_tensor;

use crate::error::{Error, Result};

/// Zero padding on all four sides, and the stride, of a convolution with a square kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Rows and columns of zeros on every side.
    pub padding: i64,
    /// Pixels from one output to the next.
    pub stride: i64,
}

/// Runs the items `from..to` of some work.
pub(crate) type RangeWork = extern "C" fn(context: *mut c_void, from: i64, to: i64);

unsafe extern "C" {
    fn dt_free(message: *mut c_char);
    pub(crate) fn dt_pack(
        weight: *const C_tensor,
        geometry: *const Geometry,
        input_size: *const i64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn dt_convolve(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        geometry: *const Geometry,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn dt_convolve_onto(
        sum: *const C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        geometry: *const Geometry,
    ) -> *mut c_char;
    pub(crate) fn dt_own_stream(index: c_int) -> *mut c_char;
    pub(crate) fn dt_wait(index: c_int) -> *mut c_char;
    pub(crate) fn dt_convolves_bf16(index: c_int, out: *mut c_int) -> *mut c_char;
    pub(crate) fn dt_parallel(
        count: i64,
        grain: i64,
        work: RangeWork,
        context: *mut c_void,
    ) -> *mut c_char;
    pub(crate) fn dt_alone(work: RangeWork, context: *mut c_void) -> *mut c_char;
}

/// Converts a message of the shim to an error; null means success.
pub(crate) fn check(message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the shim returns null or a string that ends in a zero and that the caller owns.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    // The C++ stack trace after the first line does not help users.
    let line = text.lines().next().unwrap_or("libtorch").to_owned();
    // SAFETY: it comes from the shim and is not used after this.
    unsafe { dt_free(message) };
    Err(Error::Backend(line))
}
