//! The C interface: `libddrmjpeg.so` and `include/ddrmjpeg.h`, which is made from these files.
//!
//! Each function checks its arguments, calls the library, and turns errors and panics into a
//! status. Names here are those in C. What a caller must keep to is said in the header
//! (`cbindgen.toml`), once for all functions.

#![allow(
    non_camel_case_types,
    reason = "types have their names in C, and C's are in snake case"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract is the same for all functions, and stands in the header"
)]

mod arguments;
mod frame;
mod info;
mod options;
mod picture;
mod restorer;
mod status;
mod stream;

pub use frame::{ddrmjpeg_format, ddrmjpeg_frame};
pub use info::{ddrmjpeg_info, ddrmjpeg_inspect};
pub use options::{
    ddrmjpeg_options, ddrmjpeg_options_free, ddrmjpeg_options_new, ddrmjpeg_options_set,
};
pub use picture::{
    ddrmjpeg_picture, ddrmjpeg_picture_channels, ddrmjpeg_picture_free, ddrmjpeg_picture_height,
    ddrmjpeg_picture_note, ddrmjpeg_picture_restored, ddrmjpeg_picture_width,
    ddrmjpeg_picture_write,
};
pub use restorer::{
    ddrmjpeg_restore_frame, ddrmjpeg_restore_jpeg, ddrmjpeg_restorer, ddrmjpeg_restorer_free,
    ddrmjpeg_restorer_open,
};
pub use status::{ddrmjpeg_last_error, ddrmjpeg_last_status, ddrmjpeg_status, ddrmjpeg_version};
pub use stream::{
    ddrmjpeg_stream, ddrmjpeg_stream_free, ddrmjpeg_stream_open, ddrmjpeg_stream_reset,
    ddrmjpeg_stream_restore_frame, ddrmjpeg_stream_restore_jpeg,
};
