//! The container of torch before 1.6: five pickles (magic number, protocol, machine, objects,
//! storage keys), then each storage as a 64-bit element count and its elements.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::table::Table;
use crate::model::checkpoint::torch::pickle;
use crate::model::checkpoint::torch::pickle::{Pickle, StorageRef, Value};
use crate::model::checkpoint::torch::state_dict;
use crate::runtime::tensors::Dtype;

/// 0x1950a86a20f9469cfc6c, little-endian, as the first pickle holds it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The only version there has been.
const PROTOCOL: i64 = 1001;

/// The tensors of the file `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Parse<Table> {
    let mut file = Pickles { bytes, at: 0 };
    check_head(&mut file)?;
    let objects = file.next("objects")?;
    let keys = file.next("storage keys")?;
    let storages = storages(bytes, file.at, &objects, &keys)?;
    state_dict::table(&objects, |storage| stored(&storages, storage))
}

/// Pickles one after the other.
struct Pickles<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Pickles<'a> {
    fn next(&mut self, what: &str) -> Parse<Pickle<'a>> {
        let rest = &self.bytes[self.at..];
        let pickle = pickle::read(rest).map_err(|fault| format!("{what}: {fault}"))?;
        self.at += pickle.used;
        Ok(pickle)
    }
}

fn check_head(file: &mut Pickles<'_>) -> Parse<()> {
    let is_magic = matches!(file.next("magic number")?.root, Value::Long(bytes) if bytes == MAGIC);
    if !is_magic {
        return Err("a pickle without torch's magic number".to_owned());
    }
    match file.next("protocol version")?.root {
        Value::Int(PROTOCOL) => {}
        _ => return Err(format!("its protocol version is not {PROTOCOL}")),
    }
    let machine = file.next("machine")?;
    let little = machine
        .entries(machine.root)
        .iter()
        .any(|entry| matches!(entry, (Value::Str("little_endian"), Value::Bool(true))));
    little
        .then_some(())
        .ok_or_else(|| "not written on a little-endian machine".to_owned())
}

/// One storage of the file.
struct Stored {
    dtype: Dtype,
    count: usize,
    range: Range<usize>,
}

/// Finds the storages, which follow each other from `at` in the order of `keys`.
fn storages<'a>(
    bytes: &[u8],
    mut at: usize,
    objects: &Pickle<'a>,
    keys: &Pickle<'a>,
) -> Parse<HashMap<&'a str, Stored>> {
    let claimed = claimed(objects)?;
    let mut found = HashMap::new();
    for key in keys.items(keys.root) {
        let Value::Str(key) = *key else {
            return Err("a storage key is not text".to_owned());
        };
        let shown = quote(key);
        let (dtype, count) = *claimed
            .get(key)
            .ok_or_else(|| format!("storage {shown} belongs to no tensor"))?;
        let range = storage_range(bytes, at, dtype, count)
            .map_err(|fault| format!("storage {shown} {fault}"))?;
        at = range.end;
        if found
            .insert(
                key,
                Stored {
                    dtype,
                    count,
                    range,
                },
            )
            .is_some()
        {
            return Err(format!("two storages are named {shown}"));
        }
    }
    Ok(found)
}

/// Type and element count of each storage, as the tensors claim them.
fn claimed<'a>(objects: &Pickle<'a>) -> Parse<HashMap<&'a str, (Dtype, usize)>> {
    let mut claimed = HashMap::new();
    for storage in objects.storages() {
        let claim = (storage.dtype, storage.count);
        let before = *claimed.entry(storage.key).or_insert(claim);
        if before != claim {
            let key = quote(storage.key);
            return Err(format!(
                "storage {key} is claimed as {before:?} and as {claim:?}"
            ));
        }
    }
    Ok(claimed)
}

fn storage_range(bytes: &[u8], at: usize, dtype: Dtype, claimed: usize) -> Parse<Range<usize>> {
    let rest = bytes.get(at..).unwrap_or_default();
    let (count, rest) = rest.split_first_chunk::<8>().ok_or("is cut off")?;
    let count = u64::from_le_bytes(*count);
    if count != claimed as u64 {
        return Err(format!(
            "holds {count} elements, its tensors claim {claimed}"
        ));
    }
    let length = claimed
        .checked_mul(dtype.bytes())
        .filter(|&length| length <= rest.len());
    let length = length.ok_or_else(|| {
        format!(
            "claims {claimed} elements of {dtype:?}, {} bytes are left",
            rest.len()
        )
    })?;
    Ok(at + 8..at + 8 + length)
}

/// Where the bytes of `storage`, or of the view of it, are.
fn stored(storages: &HashMap<&str, Stored>, storage: &StorageRef<'_>) -> Parse<Range<usize>> {
    let key = quote(storage.key);
    let stored = storages
        .get(storage.key)
        .ok_or_else(|| format!("storage {key} is missing"))?;
    let Some((offset, count)) = storage.view else {
        return Ok(stored.range.clone());
    };
    match offset.checked_add(count) {
        Some(end) if end <= stored.count => {
            let (start, bytes) = (stored.range.start, stored.dtype.bytes());
            Ok(start + offset * bytes..start + end * bytes)
        }
        _ => Err(format!(
            "a view of {count} elements from {offset} leaves storage {key} of {}",
            stored.count
        )),
    }
}
