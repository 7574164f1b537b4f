//! Writes safetensors: for `model convert`, calibration and training.
//!
//! It writes tensor by tensor, so that not all of them are in memory at once, and first under
//! another name, so that the target is either the old file or the complete new one. The same
//! tensors give the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::model::checkpoint::convert::{StoreAs, convert};
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::{limits, strided};
use crate::runtime::tensors::{Dtype, TensorSource};

/// The header's key for text metadata, which no tensor may have.
const METADATA: &str = "__metadata__";

/// Writes every tensor of `source` to `path`, with the text `metadata`, as safetensors.
///
/// # Errors
/// `Error::Checkpoint` if a tensor cannot be read or does not fit in the type, `Error::Io` if
/// writing fails. The file `path` is then unchanged.
pub fn write_safetensors(
    path: &Path,
    source: &dyn TensorSource,
    metadata: &BTreeMap<String, String>,
    store: StoreAs,
) -> Result<()> {
    let plan = plan(source, store)?;
    let header = header(&plan, metadata)?;
    let failed = |e| Error::io(path, e);
    let mut file = temporary(path).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    out.write_all(&(header.len() as u64).to_le_bytes())
        .map_err(failed)?;
    out.write_all(header.as_bytes()).map_err(failed)?;
    for tensor in &plan {
        let read = source.read(&tensor.name)?;
        let bytes = convert(&read, tensor.dtype);
        let bytes = bytes.map_err(|fault| bad(&tensor.name, &fault))?;
        if bytes.len() != tensor.bytes {
            return Err(bad(
                &tensor.name,
                &format!("has {} bytes, wanted {}", bytes.len(), tensor.bytes),
            ));
        }
        out.write_all(&bytes).map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    drop(out);
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

fn bad(name: &str, fault: &str) -> Error {
    Error::Checkpoint(format!("tensor {} {fault}", quote(name)))
}

/// A file next to `path` that is deleted unless it replaces `path`.
fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ddrmjpeg-").suffix(".part");
    // Models get the permissions that the umask allows; temporary files would be private.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// One tensor as it will be written.
struct Planned {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: usize,
}

/// Widest elements first, then by name: every tensor is then aligned to its elements.
fn plan(source: &dyn TensorSource, store: StoreAs) -> Result<Vec<Planned>> {
    let names = source.names().into_iter();
    let mut plan = names
        .map(|name| planned(source, name, store))
        .collect::<Result<Vec<_>>>()?;
    plan.sort_by(|a, b| (b.dtype.bytes(), &a.name).cmp(&(a.dtype.bytes(), &b.name)));
    Ok(plan)
}

fn planned(source: &dyn TensorSource, name: String, store: StoreAs) -> Result<Planned> {
    let info = source
        .info(&name)
        .ok_or_else(|| bad(&name, "is listed but not there"))?;
    if name == METADATA {
        return Err(bad(&name, "has the name that safetensors keeps for text"));
    }
    let dtype = store.dtype(info.dtype);
    let bytes = strided::count(&info.shape).and_then(|n| n.checked_mul(dtype.bytes()));
    let bytes = bytes.ok_or_else(|| bad(&name, &format!("of shape {:?} overflows", info.shape)))?;
    Ok(Planned {
        name,
        dtype,
        shape: info.shape,
        bytes,
    })
}

/// The JSON header, padded with spaces to a multiple of 8 bytes.
fn header(plan: &[Planned], metadata: &BTreeMap<String, String>) -> Result<String> {
    let mut fields = Vec::with_capacity(plan.len() + 1);
    if !metadata.is_empty() {
        let pairs = metadata
            .iter()
            .map(|(k, v)| format!("{}:{}", json(k), json(v)));
        fields.push(format!(
            "{}:{{{}}}",
            json(METADATA),
            pairs.collect::<Vec<_>>().join(",")
        ));
    }
    let mut start = 0usize;
    for tensor in plan {
        let end = start
            .checked_add(tensor.bytes)
            .ok_or_else(|| bad(&tensor.name, "overflows the file"))?;
        let (name, dtype, shape) = (json(&tensor.name), dtype_name(tensor.dtype), &tensor.shape);
        fields.push(format!(
            r#"{name}:{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        ));
        start = end;
    }
    let mut header = format!("{{{}}}", fields.join(","));
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    match header.len() {
        n if n <= limits::HEADER_BYTES => Ok(header),
        n => Err(Error::Checkpoint(format!(
            "a header of {n} bytes, the limit is {}",
            limits::HEADER_BYTES
        ))),
    }
}

fn dtype_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F16 => "F16",
        Dtype::Bf16 => "BF16",
        Dtype::F32 => "F32",
        Dtype::F64 => "F64",
        Dtype::I64 => "I64",
    }
}

/// `text` as a JSON string.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_escape_what_must_be() {
        assert_eq!(json("a\"b\\c\n\u{1}é"), "\"a\\\"b\\\\c\\u000a\\u0001é\"");
    }

    #[test]
    fn headers_are_padded_and_in_order() {
        let planned = |name: &str, bytes| Planned {
            name: name.to_owned(),
            dtype: Dtype::F32,
            shape: vec![bytes / 4],
            bytes,
        };
        let header = header(&[planned("b", 8), planned("a", 4)], &BTreeMap::new()).unwrap();
        assert_eq!(header.len() % 8, 0);
        assert_eq!(
            header.trim_end(),
            r#"{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#
        );
    }
}
