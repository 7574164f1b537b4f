//! Checkpoints made by hand, sound and malformed, for the tests of the readers.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod archive;
pub mod golden;
pub mod malformed;
pub mod pickle;
pub mod sound;

use std::borrow::Cow;
use std::collections::BTreeMap;

use ddrmjpeg::Result;
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::runtime::tensors::{Dtype, HostTensor, TensorInfo, TensorSource};

/// Opens a checkpoint in memory and reads every tensor, as `model verify` does.
pub fn load_all(bytes: Vec<u8>) -> Result<BTreeMap<String, HostTensor<'static>>> {
    read_all(&*checkpoint::from_bytes(bytes)?)
}

/// Every tensor of `source`, copied.
pub fn read_all(source: &dyn TensorSource) -> Result<BTreeMap<String, HostTensor<'static>>> {
    let names = source.names().into_iter();
    names
        .map(|name| {
            let read = source.read(&name)?;
            let bytes = Cow::Owned(read.bytes.into_owned());
            Ok((
                name,
                HostTensor {
                    info: read.info,
                    bytes,
                },
            ))
        })
        .collect()
}

/// `values` as stored bytes.
pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The elements of an F32 tensor.
pub fn f32_values(tensor: &HostTensor<'_>) -> Vec<f32> {
    assert_eq!(tensor.info.dtype, Dtype::F32);
    let (elements, rest) = tensor.bytes.as_chunks();
    assert!(rest.is_empty());
    elements.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

/// A figure of /proc/self/status, such as VmHWM, in bytes.
pub fn status_bytes(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

/// Tensors in memory, to write from.
#[derive(Default)]
pub struct Tensors(pub BTreeMap<String, HostTensor<'static>>);

impl Tensors {
    /// Adds an F32 tensor.
    pub fn with(mut self, name: &str, shape: &[usize], values: &[f32]) -> Self {
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: shape.to_vec(),
        };
        let bytes = f32_bytes(values).into();
        self.0.insert(name.to_owned(), HostTensor { info, bytes });
        self
    }
}

impl TensorSource for Tensors {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.0.get(name).map(|tensor| tensor.info.clone())
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        let missing = || ddrmjpeg::Error::Checkpoint(format!("no {name}"));
        self.0.get(name).cloned().ok_or_else(missing)
    }
}
