//! One message for everything in a checkpoint that does not fit a network.

use crate::error::{Error, Result};

/// Most faults in one message.
const SHOWN: usize = 20;

/// # Errors
/// [`Error::Checkpoint`] with `faults`, if there are any.
pub(crate) fn report(faults: &[String]) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let shown = faults.len().min(SHOWN);
    let rest = match faults.len() - shown {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(Error::Checkpoint(format!(
        "weights do not fit the network: {}{rest}",
        faults[..shown].join("; ")
    )))
}
