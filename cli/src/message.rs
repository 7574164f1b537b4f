//! Errors as one line: every cause, none twice; and cautions.

use anyhow::Error;
use ddrmjpeg::Restorer;

/// The chain of causes, outermost first. What a cause says is left out where the error around it
/// has said it already, as the library's I/O errors do.
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

/// Tells, once, what the user of an opened model should know.
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
