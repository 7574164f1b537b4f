//! Streams and capabilities of a CUDA device, which tch does not expose.
//!
//! Never run on a GPU; without one every function is an error of one line. Called by `worker`,
//! `pinned` and `backend`.

use crate::error::{Error, Result};
use crate::runtime::native::ffi::{check, dt_convolves_bf16, dt_own_stream, dt_wait};

/// Gives the calling thread a stream of its own on CUDA device `index`, so that it and the rest of
/// the process do not wait for each other on the card.
///
/// # Errors
/// [`Error::Backend`] if there is no such device.
pub fn own_stream(index: usize) -> Result<()> {
    // SAFETY: it takes a number; the shim catches what libtorch throws.
    check(unsafe { dt_own_stream(number(index)?) })
}

/// Waits until the calling thread's stream on CUDA device `index` has finished all its work.
///
/// # Errors
/// As [`own_stream`]; failures on the card are reported here.
pub fn wait(index: usize) -> Result<()> {
    // SAFETY: as above.
    check(unsafe { dt_wait(number(index)?) })
}

/// Whether CUDA device `index` convolves bf16 in hardware, as devices from Ampere on do.
///
/// # Errors
/// As [`own_stream`].
pub fn convolves_bf16(index: usize) -> Result<bool> {
    let mut out = 0;
    // SAFETY: a number and a place for the answer; the shim catches what libtorch throws.
    check(unsafe { dt_convolves_bf16(number(index)?, &mut out) })?;
    Ok(out != 0)
}

/// libtorch numbers devices in 8 bits.
fn number(index: usize) -> Result<i32> {
    let small = i8::try_from(index).map(i32::from);
    small.map_err(|_| Error::Backend(format!("CUDA device {index}: the most is 127")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a machine with a GPU this test checks nothing.
    #[test]
    fn without_a_gpu_there_are_errors_of_one_line() {
        if tch::Cuda::is_available() {
            return;
        }
        let errors = [
            own_stream(0),
            wait(0),
            convolves_bf16(0).map(drop),
            own_stream(500),
        ];
        for error in errors {
            let message = error.unwrap_err().to_string();
            assert!(message.starts_with("backend failed: "), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
