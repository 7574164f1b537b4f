//! Numbers in a checkpoint's text metadata, which describe this project's own networks.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The key that says that a network was trained without noise: it can only restore in one call.
const ONE_CALL_ONLY: &str = "one_call_only";

/// Whether the metadata have the key.
pub(crate) fn one_call_only(metadata: &BTreeMap<String, String>) -> bool {
    metadata
        .get(ONE_CALL_ONLY)
        .is_some_and(|said| said == "true")
}

/// Sets or removes the key.
pub fn say_one_call_only(metadata: &mut BTreeMap<String, String>, only: bool) {
    match only {
        true => metadata.insert(ONE_CALL_ONLY.into(), "true".into()),
        false => metadata.remove(ONE_CALL_ONLY),
    };
}

/// The key that says that a network was trained on drawings and text in addition to photographs.
const DRAWINGS: &str = "drawings";

/// Whether the metadata have the key.
pub(crate) fn knows_drawings(metadata: &BTreeMap<String, String>) -> bool {
    metadata.get(DRAWINGS).is_some_and(|said| said == "true")
}

/// Sets the key. It is never removed, because a network is not likely to forget what it was trained
/// on.
pub fn say_drawings(metadata: &mut BTreeMap<String, String>) {
    metadata.insert(DRAWINGS.into(), "true".into());
}

/// The `N` integers under `key`, each in `range`, written `[1, 2, 3]`, or `1` if there is only one.
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
