//! Checks of the parameters of a network, with their common limits.
//!
//! Called by the configs of both families.

use crate::error::{Error, Result};

/// Groups of every norm; channel counts are multiples of it.
pub const NORM_GROUPS: i64 = 32;

/// Largest channel count and side accepted: ten times the published ones.
pub const LARGEST: i64 = 16_384;

/// Checks that `value` is in `1..=largest`.
pub fn within(name: &str, value: i64, largest: i64) -> Result<()> {
    if (1..=largest).contains(&value) {
        return Ok(());
    }
    Err(Error::options(format!(
        "{name} {value} is not in 1..={largest}"
    )))
}

/// Checks that `value` is a multiple of `of`, which is not 0.
pub fn multiple(name: &str, value: i64, of: i64) -> Result<()> {
    if value % of == 0 {
        return Ok(());
    }
    Err(Error::options(format!(
        "{name} {value} is not a multiple of {of}"
    )))
}
