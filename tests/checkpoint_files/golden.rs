//! The published implementation's checkpoints: from the folder `DDRMJPEG_GOLDEN`, or rebuilt.
//!
//! The repository keeps the weights once, as `tests/data/golden/net_*.safetensors`. The three
//! checkpoint files hold the same weights again, so only a recipe of each is kept: what is not
//! weights, in between the names of the tensors, and the checksum of the file as torch wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ddrmjpeg::model::checkpoint;
use ddrmjpeg::runtime::tensors::{Dtype, HostTensor};
use half::f16;

use super::{f32_values, read_all};

/// A recipe's parts, told by their first byte.
const LITERAL: u8 = 0;
const TENSOR: u8 = 1;
const TENSOR_AS_F16: u8 = 2;
const END: u8 = 3;

/// The checkpoints and the nets whose weights they hold.
pub const CHECKPOINTS: [(&str, &str); 3] = [
    ("ddpm_zip.ckpt", "net_ddpm"),
    ("ddpm_legacy.ckpt", "net_ddpm"),
    ("adm_zip_fp16.pt", "net_adm_legacy_attention"),
];

/// The folder of golden files.
pub fn folder() -> PathBuf {
    std::env::var_os("DDRMJPEG_GOLDEN").map_or_else(own_folder, PathBuf::from)
}

/// The repository's own copy, from whichever of its packages the test is built.
pub fn own_folder() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.find_map(|folder| {
        let golden = folder.join("tests/data/golden");
        golden.is_dir().then_some(golden)
    });
    found.expect("tests/data/golden is in the repository")
}

/// The weights of the golden net `name`, under the checkpoint's own keys.
pub fn weights(folder: &Path, name: &str) -> BTreeMap<String, HostTensor<'static>> {
    let source = checkpoint::open(&folder.join(format!("{name}.safetensors"))).unwrap();
    let all = read_all(&*source).unwrap().into_iter();
    all.filter_map(|(name, tensor)| Some((name.strip_prefix("weights.")?.to_owned(), tensor)))
        .collect()
}

/// The bytes of the checkpoint file `name`, as torch wrote them.
pub fn checkpoint_bytes(name: &str) -> Vec<u8> {
    let path = folder().join("checkpoints").join(name);
    if path.exists() || std::env::var_os("DDRMJPEG_GOLDEN").is_some() {
        return std::fs::read(&path).unwrap();
    }
    let recipe = path.with_file_name(format!("{name}.recipe"));
    let (_, net) = CHECKPOINTS
        .into_iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    rebuild(&std::fs::read(recipe).unwrap(), &weights(&folder(), net))
}

/// An F32 tensor's bytes in half precision.
pub fn as_f16(tensor: &HostTensor<'_>) -> Vec<u8> {
    let halves = f32_values(tensor).into_iter().map(f16::from_f32);
    halves.flat_map(|v| v.to_le_bytes()).collect()
}

fn rebuild(mut recipe: &[u8], weights: &BTreeMap<String, HostTensor<'static>>) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let (kind, length) = (
            recipe[0],
            u32::from_le_bytes(*recipe[1..].first_chunk().unwrap()),
        );
        let (part, rest) = recipe[5..].split_at(length as usize);
        recipe = rest;
        let tensor = || &weights[std::str::from_utf8(part).unwrap()];
        match kind {
            LITERAL => out.extend(part),
            TENSOR => out.extend(&*tensor().bytes),
            TENSOR_AS_F16 => out.extend(as_f16(tensor())),
            _ => {
                assert_eq!(
                    crc32fast::hash(&out).to_le_bytes(),
                    part,
                    "not the file that torch wrote"
                );
                return out;
            }
        }
    }
}

/// The recipe of `file`: every tensor's bytes that are found in it become the tensor's name.
pub fn recipe(
    file: &[u8],
    weights: &BTreeMap<String, HostTensor<'static>>,
    dtype: Dtype,
) -> Vec<u8> {
    let kind = if dtype == Dtype::F16 {
        TENSOR_AS_F16
    } else {
        TENSOR
    };
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    for (name, tensor) in weights {
        let bytes = if dtype == Dtype::F16 {
            as_f16(tensor)
        } else {
            tensor.bytes.to_vec()
        };
        if let Some(at) = file.windows(bytes.len()).position(|window| window == bytes) {
            found.push((at, at + bytes.len(), name));
        }
    }
    found.sort_unstable();
    let mut out = Vec::new();
    let mut part = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
    };
    let mut at = 0;
    for (start, end, name) in found {
        // Tensors of equal values are found at the same place; one of them stands for it.
        if start >= at {
            part(LITERAL, &file[at..start]);
            part(kind, name.as_bytes());
            at = end;
        }
    }
    part(LITERAL, &file[at..]);
    part(END, &crc32fast::hash(file).to_le_bytes());
    out
}
