//! The safetensors container: the crate's reader with additional limits.
//!
//! The crate checks offsets, sizes and overflow. It does not limit how much memory a parsed header
//! takes, and silently accepts a repeated name; both are checked here.

use safetensors::tensor::{Dtype as Stored, Metadata, TensorInfo as StoredInfo};

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::table::{Entry, Layout, Table};
use crate::runtime::tensors::{Dtype, TensorInfo};

/// Bytes of the length before the header.
const LENGTH_BYTES: usize = 8;

/// The tensors of the safetensors file `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Parse<Table> {
    let header = header(bytes)?;
    let counts = count(header);
    if counts.commas > limits::HEADER_VALUES {
        let limit = limits::HEADER_VALUES;
        return Err(format!(
            "the header has {} values, the limit is {limit}",
            counts.commas
        ));
    }
    let (length, stored) =
        safetensors::SafeTensors::read_metadata(bytes).map_err(|e| quote(&e.to_string()))?;
    table(&stored, LENGTH_BYTES + length, &counts)
}

/// The JSON header, inside the file and the limit.
fn header(bytes: &[u8]) -> Parse<&[u8]> {
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH_BYTES>()
        .ok_or("cut in its first 8 bytes")?;
    let length = u64::from_le_bytes(*length);
    if length > limits::HEADER_BYTES as u64 {
        return Err(format!(
            "a header of {length} bytes, the limit is {}",
            limits::HEADER_BYTES
        ));
    }
    let held = rest.len();
    rest.get(..length as usize)
        .ok_or_else(|| format!("a header of {length} bytes, the file holds {held}"))
}

/// Counts over a header, without building anything.
struct Counts {
    /// Commas outside strings.
    commas: usize,
    /// Keys of the outermost object.
    keys: usize,
}

/// Counts in a header that may be invalid: the real parser detects what is not JSON.
fn count(header: &[u8]) -> Counts {
    let mut counts = Counts { commas: 0, keys: 0 };
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in header {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => counts.commas += 1,
            b':' if depth == 1 => counts.keys += 1,
            _ => {}
        }
    }
    counts
}

fn table(stored: &Metadata, data_start: usize, counts: &Counts) -> Parse<Table> {
    let tensors = stored.tensors();
    let keys = tensors.len() + usize::from(stored.metadata().is_some());
    // A repeated name leaves fewer tensors than keys. (`"__metadata__": null` counts as a key.)
    if keys < counts.keys {
        return Err(format!(
            "two tensors share a name: {} names, {keys} of them different",
            counts.keys
        ));
    }
    let mut table = Table::default();
    for (name, info) in tensors {
        let entry =
            entry(info, data_start).map_err(|fault| format!("tensor {} {fault}", quote(&name)))?;
        table.insert(name, entry)?;
    }
    table.metadata = stored
        .metadata()
        .iter()
        .flatten()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    Ok(table)
}

fn entry(info: &StoredInfo, data_start: usize) -> Parse<Entry> {
    if info.shape.len() > limits::RANK {
        return Err(format!(
            "has {} dimensions, the limit is {}",
            info.shape.len(),
            limits::RANK
        ));
    }
    let (start, end) = info.data_offsets;
    let info = TensorInfo {
        dtype: dtype(info.dtype)?,
        shape: info.shape.clone(),
    };
    Ok(Entry {
        info,
        layout: Layout::Contiguous,
        span: data_start + start..data_start + end,
    })
}

fn dtype(stored: Stored) -> Parse<Dtype> {
    match stored {
        Stored::F16 => Ok(Dtype::F16),
        Stored::BF16 => Ok(Dtype::Bf16),
        Stored::F32 => Ok(Dtype::F32),
        Stored::F64 => Ok(Dtype::F64),
        Stored::I64 => Ok(Dtype::I64),
        other => Err(format!(
            "is of type {other:?}: only F16, BF16, F32, F64 and I64 are read"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_counted_outside_strings_only() {
        let header = br#"{"a:,\"{":{"shape":[1,2],"x":"[,"},"b":{},"__metadata__":{"k":"v"}}"#;
        let counts = count(header);
        assert_eq!((counts.keys, counts.commas), (3, 4));
    }
}
