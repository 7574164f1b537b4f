//! Detects a container by its first bytes, and describes what another file looks like.

use std::fmt;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;

/// The containers that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A JSON header and plain tensors.
    Safetensors,
    /// `torch.save` since 1.6: a zip archive of a pickle and one entry per storage.
    TorchZip,
    /// `torch.save` before 1.6: five pickles, then the storages.
    TorchLegacy,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::TorchZip => "torch zip",
            Self::TorchLegacy => "torch legacy container",
        })
    }
}

/// First bytes of files that are often mistaken for a model, and what they are.
const LOOK_ALIKES: [(&[u8], &str); 14] = [
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\xfd7zXZ", "an xz archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file (Keras?)"),
    (b"GGUF", "a GGUF model"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"<", "a web page or XML: the download went wrong"),
    (b"version http", "a Git LFS pointer: fetch the file itself"),
    (b"PK\x05\x06", "an empty zip archive"),
];

/// The container whose first bytes match `bytes`.
///
/// # Errors
/// A sentence about what the bytes look like, if they are not a container.
pub(crate) fn container(bytes: &[u8]) -> Parse<Container> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(Container::TorchZip);
    }
    // PROTO 2, the first opcode of every legacy container.
    if bytes.starts_with(b"\x80\x02") {
        return Ok(Container::TorchLegacy);
    }
    if is_safetensors(bytes) {
        return Ok(Container::Safetensors);
    }
    Err(format!("no model: it looks like {}", looks_like(bytes)))
}

/// Whether there is a header of plausible length that starts an object. A length above the limits
/// is accepted if its top bytes are 0, so that the reader can report what is wrong with it.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, header)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    let length = u64::from_le_bytes(*length);
    header.first() == Some(&b'{') || (header.is_empty() && length <= limits::HEADER_BYTES as u64)
}

fn looks_like(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    let known = LOOK_ALIKES
        .iter()
        .find(|(start, _)| text.starts_with(start));
    match known {
        Some((_, what)) => what,
        None if bytes.get(257..262) == Some(b"ustar") => {
            "a tar archive (torch before 0.2, or others)"
        }
        None if bytes.first() == Some(&0x80) => "a pickle of another protocol than torch's 2",
        None if is_text(bytes) => "a text file",
        None => "other data",
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(256)];
    start
        .iter()
        .all(|b| !b.is_ascii_control() || b.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        assert_eq!(container(b"PK\x03\x04"), Ok(Container::TorchZip));
        assert_eq!(container(b"\x80\x02\x8a\x0a"), Ok(Container::TorchLegacy));
        assert_eq!(
            container(b"\x02\0\0\0\0\0\0\0{}"),
            Ok(Container::Safetensors)
        );
    }

    #[test]
    fn what_is_no_model_is_named() {
        for (bytes, what) in [
            (&b"\x1f\x8b\x08"[..], "gzip"),
            (b"\xff\xd8\xff\xe0", "JPEG"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (b"version https://git-lfs", "Git LFS"),
            (b"channels: 3\nblocks: 2\n", "text file"),
            (b"\x80\x04\x95", "pickle of another protocol"),
            (b"\0\x01\x02\x03\0\0\0\0\0\0\0", "other data"),
        ] {
            let fault = container(bytes).unwrap_err();
            assert!(fault.contains(what), "{fault}");
        }
    }
}
