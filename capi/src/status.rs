//! What a function returns, the last error of each thread, and the guard around every call.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ddrmjpeg::Error;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ddrmjpeg_status {
    /// All is done.
    Ok = 0,
    /// The bytes or pixels handed in are broken.
    Input = 1,
    /// The input is sound, but of a kind that is not handled.
    Unsupported = 2,
    /// An option has a name that does not exist or a value out of its range, or two contradict.
    Options = 3,
    /// A model file is not one, is damaged, or does not fit its network.
    Checkpoint = 4,
    /// The input is larger than the limits in force.
    Limits = 5,
    /// The device failed, or the process that computes elsewhere.
    Backend = 6,
    /// A file could not be read.
    Io = 7,
    /// The work was stopped.
    Cancelled = 8,
    /// A pointer is NULL or not aligned, a size is too large, a text is not UTF-8, or planes that
    /// are to be written overlap.
    Argument = 9,
    /// A fault of this library; the object that was used may be freed, and a stream starts over.
    Internal = 10,
}

/// Why a call failed.
pub(crate) struct Failure {
    status: ddrmjpeg_status,
    message: String,
}

impl Failure {
    /// A fault of the caller's program.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self {
            status: ddrmjpeg_status::Argument,
            message: message.into(),
        }
    }

    fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self {
            status: ddrmjpeg_status::Internal,
            message: format!("internal error: {}", text.unwrap_or("a panic")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Input(_) => ddrmjpeg_status::Input,
            Error::Unsupported(_) => ddrmjpeg_status::Unsupported,
            Error::Options(_) => ddrmjpeg_status::Options,
            Error::Checkpoint(_) => ddrmjpeg_status::Checkpoint,
            Error::Limits(_) => ddrmjpeg_status::Limits,
            Error::Backend(_) => ddrmjpeg_status::Backend,
            Error::Io { .. } => ddrmjpeg_status::Io,
            Error::Cancelled => ddrmjpeg_status::Cancelled,
            _ => ddrmjpeg_status::Internal,
        };
        Self {
            status,
            message: error.to_string(),
        }
    }
}

thread_local! {
    static LAST: RefCell<(ddrmjpeg_status, CString)> =
        RefCell::new((ddrmjpeg_status::Ok, CString::default()));
}

/// Runs `call`; a failure or a panic becomes a status, and this thread's last error.
pub(crate) fn guard(call: impl FnOnce() -> Result<(), Failure>) -> ddrmjpeg_status {
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return ddrmjpeg_status::Ok,
        Ok(Err(failure)) => failure,
        Err(payload) => Failure::panic(&*payload),
    };
    let status = failure.status;
    let message = failure.message.replace('\0', " ");
    let message = CString::new(message).unwrap_or_default();
    // A thread that is ending has no last error any more.
    let _ended = LAST.try_with(|last| last.replace((status, message)));
    status
}

/// Runs `call`, which cannot fail but for a panic: then `otherwise` is returned.
pub(crate) fn guarded<T>(otherwise: T, call: impl FnOnce() -> T) -> T {
    let mut out = otherwise;
    guard(|| {
        out = call();
        Ok(())
    });
    out
}

/// The version, such as "0.1.0". Valid for as long as the library is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn ddrmjpeg_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// How the last call of this thread that failed ended; DDRMJPEG_STATUS_OK if none has.
#[unsafe(no_mangle)]
pub extern "C" fn ddrmjpeg_last_status() -> ddrmjpeg_status {
    LAST.try_with(|last| last.borrow().0)
        .unwrap_or(ddrmjpeg_status::Ok)
}

/// What went wrong in the last call of this thread that failed, as a sentence in UTF-8; empty if
/// none has. Valid until another call of this thread fails, and until the thread ends.
#[unsafe(no_mangle)]
pub extern "C" fn ddrmjpeg_last_error() -> *const c_char {
    LAST.try_with(|last| last.borrow().1.as_ptr())
        .unwrap_or(c"".as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_error() -> String {
        // SAFETY: no call of this thread comes between.
        let text = unsafe { CStr::from_ptr(ddrmjpeg_last_error()) };
        text.to_string_lossy().into_owned()
    }

    #[test]
    fn a_panic_ends_at_the_boundary() {
        assert_eq!(ddrmjpeg_last_status(), ddrmjpeg_status::Ok);
        let status = guard(|| panic!("number {}", 7));
        assert_eq!(
            (status, ddrmjpeg_last_status()),
            (ddrmjpeg_status::Internal, status)
        );
        assert_eq!(last_error(), "internal error: number 7");
        assert_eq!(guarded(5, || panic!("no number")), 5);
        assert_eq!(last_error(), "internal error: no number");
    }

    #[test]
    fn each_thread_has_its_own_last_error() {
        guard(|| Err(Failure::argument("here\0there")));
        assert_eq!(last_error(), "here there");
        let elsewhere = std::thread::spawn(|| (ddrmjpeg_last_status(), last_error()));
        assert_eq!(
            elsewhere.join().unwrap(),
            (ddrmjpeg_status::Ok, String::new())
        );
    }
}
