//! What goes to standard output: results, as text or JSON lines.
//!
//! A reader that has seen enough (`| head`) closes the pipe. Rust's runtime turns that into an
//! error of the next write, and `println!` turns the error into a panic. Here the signal ends the
//! process, as it does for other commands. Any other failure, such as a full disk, gives a message
//! and status 1.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Lets SIGPIPE end the process, also if standard error is closed. Called once, before anything is
/// written.
pub fn end_on_closed_pipes() {
    // SAFETY: no thread has been started, and the default action needs no handler.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

/// Prints as `print!` does.
pub fn print(text: Arguments<'_>) {
    written(io::stdout().lock().write_fmt(text));
}

/// Writes all bytes of a picture.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn written(result: io::Result<()>) {
    if let Err(error) = result {
        eprintln!("ddrmjpeg: standard output: {error}");
        std::process::exit(1);
    }
}

/// `print!` through [`print`].
macro_rules! out {
    ($($text:tt)*) => { $crate::stdout::print(format_args!($($text)*)) };
}

/// `println!` through [`print`].
macro_rules! outln {
    ($($text:tt)*) => { $crate::stdout::print(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {out, outln};
