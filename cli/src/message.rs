//! Errors as one line with every cause once; and warnings.

use anyhow::Error;
use ddrmjpeg::Restorer;

/// The chain of causes, outermost first. A cause is left out if the error around it already says
/// the same, as the library's I/O errors do.
pub fn of(error: &Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

/// Prints, once, what the user of an opened model should know.
pub fn caution(restorer: &Restorer) {
    if let Some(text) = restorer.caution() {
        eprintln!("ddrmjpeg: {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn causes_are_said_once() {
        let full = || io::Error::new(io::ErrorKind::StorageFull, "disk full");
        let ours = Error::new(ddrmjpeg::Error::io("a.png", full())).context("cannot write");
        assert_eq!(of(&ours), "cannot write: a.png: disk full");
        let plain = Error::new(full()).context("a.png");
        assert_eq!(of(&plain), "a.png: disk full");
    }
}
