//! Numbers in a checkpoint's text metadata, which describe the networks of our own.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The key that says that a network was never shown noise: it restores in one call only.
const ONE_CALL_ONLY: &str = "one_call_only";

/// Whether the metadata say so.
pub(crate) fn one_call_only(metadata: &BTreeMap<String, String>) -> bool {
    metadata
        .get(ONE_CALL_ONLY)
        .is_some_and(|said| said == "true")
}

/// Makes the metadata say so, or not.
pub fn say_one_call_only(metadata: &mut BTreeMap<String, String>, only: bool) {
    match only {
        true => metadata.insert(ONE_CALL_ONLY.into(), "true".into()),
        false => metadata.remove(ONE_CALL_ONLY),
    };
}

/// The key that says that a network was shown drawings and text beside photographs.
const DRAWINGS: &str = "drawings";

/// Whether the metadata say so.
pub(crate) fn knows_drawings(metadata: &BTreeMap<String, String>) -> bool {
    metadata.get(DRAWINGS).is_some_and(|said| said == "true")
}

/// Makes the metadata say so. It stays: what a network has seen once it is not likely to forget.
pub fn say_drawings(metadata: &mut BTreeMap<String, String>) {
    metadata.insert(DRAWINGS.into(), "true".into());
}

/// The `N` integers under `key`, each in `range`, written `[1, 2, 3]`, or `1` when there is one.
///
/// # Errors
/// [`Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
pub(crate) fn integers<const N: usize>(
    metadata: &BTreeMap<String, String>,
    key: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<[i64; N]> {
    let text = metadata.get(key).ok_or_else(|| {
        Error::Checkpoint(format!(
            "no prior of this project: its metadata have no {key:?}"
        ))
    })?;
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let numbers: Option<Vec<i64>> = inner
        .split(',')
        .map(|word| word.trim().parse().ok().filter(|n| range.contains(n)))
        .collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| {
            Error::Checkpoint(format!(
                "{key} = {text:?}: must be {N} integers in {}..{}",
                range.start(),
                range.end()
            ))
        })
}
