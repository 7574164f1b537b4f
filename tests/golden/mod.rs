//! The numbers of the published implementation, as tests read them.
//!
//! Taken from the folder DDRMJPEG_GOLDEN when that is set, else from tests/data/golden. What a
//! file holds beside its numbers (configs, options) is read from its own metadata.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::Picture;
use ddrmjpeg::runtime::tensors::{Dtype, HostTensor, TensorInfo, TensorSource};
use safetensors::tensor::TensorView;
use safetensors::{Dtype as FileDtype, SafeTensors};
use serde_json::Value;

/// One file of golden/.
pub struct Fixture {
    bytes: Vec<u8>,
}

/// Where the files are.
pub fn folder() -> PathBuf {
    std::env::var_os("DDRMJPEG_GOLDEN").map_or_else(own_folder, PathBuf::from)
}

/// The repository's own copy, from whichever of its packages the test is built.
fn own_folder() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.find_map(|folder| {
        let golden = folder.join("tests/data/golden");
        golden.is_dir().then_some(golden)
    });
    found.expect("tests/data/golden is in the repository")
}

impl Fixture {
    /// Reads `name`, without its extension.
    pub fn open(name: &str) -> Self {
        let path = folder().join(format!("{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { bytes }
    }

    /// The file's directory.
    pub fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).unwrap()
    }

    /// The metadata value `key`, which is JSON.
    pub fn metadata(&self, key: &str) -> Value {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        serde_json::from_str(&metadata[key]).unwrap()
    }

    /// Shape and elements of the f32 (or f64, rounded) tensor `name`.
    pub fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let (shape, values) = self.doubles(name);
        (shape, values.iter().map(|&v| v as f32).collect())
    }

    /// Shape and elements of the tensor `name`.
    pub fn doubles(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = self.tensors();
        let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        (view.shape().to_vec(), elements(&view))
    }

    /// The pictures in `name`, `[…, 3, H, W]`, in order.
    pub fn pictures(&self, name: &str) -> Vec<Picture> {
        let (shape, values) = self.floats(name);
        let [.., channels, height, width] = shape[..] else {
            panic!("{name} is {shape:?}");
        };
        let pictures = values.chunks_exact(channels * height * width);
        pictures
            .map(|data| Picture::from_data(channels, width, height, data.to_vec()).unwrap())
            .collect()
    }
}

fn elements(view: &TensorView<'_>) -> Vec<f64> {
    let data = view.data();
    match view.dtype() {
        FileDtype::F32 => data
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect(),
        FileDtype::F64 => data
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect(),
        FileDtype::I64 => data
            .chunks_exact(8)
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64)
            .collect(),
        FileDtype::I32 => data
            .chunks_exact(4)
            .map(|b| f64::from(i32::from_le_bytes(b.try_into().unwrap())))
            .collect(),
        other => panic!("elements of type {other:?}"),
    }
}

/// ‖a - b‖ / ‖b‖.
pub fn relative_l2(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |x: f64| x * x;
    let pairs = a.iter().zip(b);
    let distance: f64 = pairs
        .map(|(&a, &b)| square(f64::from(a) - f64::from(b)))
        .sum();
    let length: f64 = b.iter().map(|&b| square(f64::from(b))).sum();
    (distance / length).sqrt()
}

/// The weights, which are f32 under `weights.<checkpoint key>`.
impl TensorSource for Fixture {
    fn names(&self) -> Vec<String> {
        let file = self.tensors();
        let mut names: Vec<String> = file
            .names()
            .iter()
            .filter_map(|name| name.strip_prefix("weights.").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        let file = self.tensors();
        let view = file.tensor(&format!("weights.{name}")).ok()?;
        assert_eq!(view.dtype(), FileDtype::F32);
        Some(TensorInfo {
            dtype: Dtype::F32,
            shape: view.shape().to_vec(),
        })
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        let info = self
            .info(name)
            .ok_or_else(|| Error::Checkpoint(format!("no {name}")))?;
        let file = self.tensors();
        let view = file.tensor(&format!("weights.{name}")).unwrap();
        Ok(HostTensor {
            info,
            bytes: Cow::Owned(view.data().to_vec()),
        })
    }
}
