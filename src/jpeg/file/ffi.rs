//! The functions of shim.c as Rust declarations. Called by `read`, `pixels` and `write` only.

use std::ffi::{CStr, c_char, c_int};

// The shim calls libjpeg, which mozjpeg-sys builds and links.
use mozjpeg_sys as _;

pub(crate) const COMPONENTS: usize = 4;

#[repr(C)]
#[derive(Default)]
pub(crate) struct Info {
    pub width: u32,
    pub height: u32,
    pub components: i32,
    pub color_space: i32,
    pub progressive: i32,
    pub max_h: i32,
    pub max_v: i32,
    pub mcu_rows: u32,
    pub h: [i32; COMPONENTS],
    pub v: [i32; COMPONENTS],
    pub id: [i32; COMPONENTS],
    pub blocks_wide: [u32; COMPONENTS],
    pub blocks_high: [u32; COMPONENTS],
    pub fewest_bits: u64,
    pub scan_bytes: u64,
}

#[repr(C)]
pub(crate) struct Plan {
    pub width: u32,
    pub height: u32,
    pub components: i32,
    pub color_space: i32,
    pub h: [i32; COMPONENTS],
    pub v: [i32; COMPONENTS],
    pub steps: [[u16; 64]; COMPONENTS],
    pub trellis: i32,
}

/// `J_COLOR_SPACE` of libjpeg: the values that occur in files.
pub mod color_space {
    pub const UNKNOWN: i32 = 0;
    pub const GRAYSCALE: i32 = 1;
    pub const RGB: i32 = 2;
    pub const YCBCR: i32 = 3;
    pub const CMYK: i32 = 4;
    pub const YCCK: i32 = 5;
}

#[repr(C)]
pub(crate) struct Reader {
    _private: [u8; 0],
}

#[repr(C)]
pub(crate) struct Writer {
    _private: [u8; 0],
}

unsafe extern "C" {
    pub(crate) fn dj_reader_new(max_scans: c_int, max_marker: u32, packs: c_int) -> *mut Reader;
    pub(crate) fn dj_reader_free(reader: *mut Reader);
    pub(crate) fn dj_reader_message(reader: *const Reader) -> *const c_char;
    pub(crate) fn dj_reader_header(
        reader: *mut Reader,
        data: *const u8,
        length: usize,
        info: *mut Info,
    ) -> c_int;
    pub(crate) fn dj_reader_decode(reader: *mut Reader) -> c_int;
    pub(crate) fn dj_reader_place(reader: *const Reader, data: *const u8) -> usize;
    pub(crate) fn dj_reader_pixels(reader: *mut Reader, pixels: *mut u8) -> c_int;
    pub(crate) fn dj_reader_component(reader: *mut Reader, c: c_int, levels: *mut i16) -> c_int;
    pub(crate) fn dj_reader_steps(reader: *mut Reader, c: c_int, steps: *mut u16) -> c_int;
    pub(crate) fn dj_reader_close(reader: *mut Reader) -> c_int;
    pub(crate) fn dj_reader_blocks(
        reader: *const Reader,
        c: c_int,
        row: u32,
        first: u32,
        count: u32,
        levels: *mut i16,
    );
    pub(crate) fn dj_reader_packed_bytes(reader: *const Reader) -> u64;
    pub(crate) fn dj_reader_planes(reader: *mut Reader, planes: *const *mut u8) -> c_int;
    pub(crate) fn dj_reader_warnings(reader: *const Reader) -> i32;
    pub(crate) fn dj_reader_profiles(reader: *const Reader, c: c_int) -> *const u8;
    pub(crate) fn dj_reader_bits(reader: *const Reader, profiles: *mut i32) -> *const i8;
    pub(crate) fn dj_reader_marker(
        reader: *const Reader,
        index: c_int,
        code: *mut i32,
        data: *mut *const u8,
        length: *mut u32,
    ) -> c_int;

    pub(crate) fn dj_writer_new() -> *mut Writer;
    pub(crate) fn dj_writer_free(writer: *mut Writer);
    pub(crate) fn dj_writer_message(writer: *const Writer) -> *const c_char;
    pub(crate) fn dj_writer_result(writer: *const Writer, data: *mut *const u8, length: *mut usize);
    pub(crate) fn dj_writer_levels(
        writer: *mut Writer,
        plan: *const Plan,
        levels: *const *const i16,
        blocks_wide: *const u32,
        blocks_high: *const u32,
    ) -> c_int;
    pub(crate) fn dj_writer_begin(writer: *mut Writer, plan: *const Plan) -> c_int;
    pub(crate) fn dj_writer_rows(writer: *mut Writer, pixels: *const u8, count: u32) -> c_int;
    pub(crate) fn dj_writer_end(writer: *mut Writer) -> c_int;
}

/// Converts a message that the shim holds to text.
///
/// # Safety
/// `message` must point to a string that ends in NUL and outlives the call.
pub(crate) unsafe fn text(message: *const c_char) -> String {
    // SAFETY: the caller guarantees that the pointer is valid.
    unsafe { CStr::from_ptr(message) }
        .to_string_lossy()
        .into_owned()
}
