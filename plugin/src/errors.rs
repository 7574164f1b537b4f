//! Maps the core's errors to GStreamer: whether an error ends the stream, and the domain and code
//! under which it is posted. A panic of the core counts as an error too.
//!
//! Posts nothing itself. Called by the elements.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ddrmjpeg::{Error, Result};

/// What an error affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One frame: a WARNING, and the frame passes through.
    Frame,
    /// The stream: an ERROR, and the flow stops.
    Stream,
    /// Not an error: the element was asked to stop.
    Cancelled,
}

/// Why there is no output frame.
#[derive(Debug)]
pub enum Failure {
    /// An error of the core.
    Core(Error),
    /// A flow error of the pipeline, which has been reported already.
    Flow(gst::FlowError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<gst::FlowError> for Failure {
    fn from(error: gst::FlowError) -> Self {
        Self::Flow(error)
    }
}

/// What `error` affects if it comes from the restoration of one frame.
pub fn reach(error: &Error) -> Reach {
    match error {
        Error::Input(_) | Error::Unsupported(_) | Error::Limits(_) => Reach::Frame,
        Error::Cancelled => Reach::Cancelled,
        _ => Reach::Stream,
    }
}

/// `error` as an element error; `doing` says what failed, as in "Cannot open the model".
pub fn message(doing: &str, error: &Error) -> gst::ErrorMessage {
    match error {
        Error::Input(_) | Error::Limits(_) => build(gst::StreamError::Decode, doing, error),
        Error::Unsupported(_) => build(gst::StreamError::WrongType, doing, error),
        Error::Options(_) => build(gst::LibraryError::Settings, doing, error),
        Error::Checkpoint(_) => build(gst::ResourceError::Read, doing, error),
        Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            build(gst::ResourceError::NotFound, doing, error)
        }
        Error::Io { .. } => build(gst::ResourceError::OpenRead, doing, error),
        _ => build(gst::LibraryError::Failed, doing, error),
    }
}

/// Runs `work` of the core; a panic becomes [`Error::Backend`].
///
/// If a panic reached GStreamer's bindings, the element would be unusable for good; this way it can
/// be stopped and started again. The core is called only with shared references, and handles its
/// own poisoned locks.
///
/// # Errors
/// Those of `work`.
pub fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::Backend(format!("panic: {}", said(&*panic)))))
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

fn build<T: gst::MessageErrorDomain>(code: T, doing: &str, error: &Error) -> gst::ErrorMessage {
    gst::error_msg!(code, ("{doing}: {error}"), ["{error:?}"])
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn bad_frames_pass_and_failing_backends_stop() {
        for error in [Error::Input, Error::Unsupported, Error::Limits] {
            assert_eq!(reach(&error("x".into())), Reach::Frame);
        }
        for error in [Error::Backend, Error::options, Error::Checkpoint] {
            assert_eq!(reach(&error("x".into())), Reach::Stream);
        }
        assert_eq!(reach(&Error::Cancelled), Reach::Cancelled);
    }

    #[test]
    fn messages_name_the_file_and_its_code() {
        let missing = Error::io("/no/such/model", io::Error::from(ErrorKind::NotFound));
        let message = message("Cannot open the model", &missing);
        let expected = gst::error_msg!(
            gst::ResourceError::NotFound,
            ("Cannot open the model: {missing}"),
            ["{missing:?}"]
        );
        // File, function and line always differ; the rest holds text and code.
        let tail = |m: &gst::ErrorMessage| m.to_string().split(" at ").next().map(String::from);
        assert_eq!(tail(&message), tail(&expected));
        assert!(message.to_string().contains("/no/such/model"));
    }
}
