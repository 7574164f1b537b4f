//! The weights in training: one flat vector, and its parts under the checkpoint's names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::runtime::tensors::load::{Loader, channels_last};
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, Shapes};
use ddrmjpeg::runtime::tensors::source::Weights;
use ddrmjpeg::runtime::tensors::{Dtype, HostTensor, TensorInfo, TensorSource};

/// The tensors of `source` in the order of `shapes`, one after another, f32.
///
/// # Errors
/// [`Error::Checkpoint`] naming what is missing, has the wrong shape or is left over.
pub(crate) fn flatten(source: &dyn TensorSource, shapes: &Shapes) -> Result<Tensor> {
    let mut loader = Loader::new(source, Device::Cpu, Kind::Float);
    let parts: Vec<Tensor> = shapes
        .iter()
        .map(|(name, shape)| loader.tensor(name, shape))
        .collect();
    loader.finish()?;
    let flat = parts.iter().map(|part| part.f_reshape([-1]));
    Ok(Tensor::f_cat(
        &flat.collect::<std::result::Result<Vec<_>, _>>()?,
        0,
    )?)
}

/// Random weights for `shapes`. The second convolution of each block and the last layer are small,
/// so that the network starts near the identity and its errors near those of the JPEG.
///
/// # Errors
/// libtorch's.
pub(crate) fn first_weights(shapes: &Shapes, seed: u64) -> Result<Tensor> {
    let source = RandomWeights::new(shapes.clone(), seed);
    let flat = flatten(&source, shapes)?;
    for (name, mut part) in Views::of(&flat, shapes)?.parts {
        if name.ends_with("c2.weight") || name.ends_with("film.weight") {
            let _ = part.f_mul_scalar_(0.3)?;
        } else if name == "tail.weight" {
            let _ = part.f_mul_scalar_(0.1)?;
        }
    }
    Ok(flat)
}

/// Views of a flat vector under names; differentiable if the vector is.
pub(crate) struct Views {
    device: Device,
    parts: BTreeMap<String, Tensor>,
}

impl Views {
    /// The parts of `flat`, which has the length of `shapes`.
    ///
    /// # Errors
    /// libtorch's, for another length.
    pub fn of(flat: &Tensor, shapes: &Shapes) -> Result<Self> {
        let lengths: Vec<i64> = shapes.values().map(|s| s.iter().product()).collect();
        let parts = flat.f_split_with_sizes(&lengths[..], 0)?;
        let named = shapes.iter().zip(parts).map(|((name, shape), part)| {
            let part = part.f_view(&shape[..])?;
            Ok((name.clone(), part))
        });
        Ok(Self {
            device: flat.device(),
            parts: named.collect::<Result<_>>()?,
        })
    }

    /// A network in training asks only for the tensors in its own `shapes`.
    fn part(&self, name: &str, shape: &[i64], kind: Kind) -> Tensor {
        let part = self.parts.get(name).filter(|part| part.size() == shape);
        part.expect("a network asks for the tensors of its own shapes")
            .to_kind(kind)
    }
}

impl Weights for Views {
    fn device(&self) -> Device {
        self.device
    }

    fn tensor_as(&mut self, name: &str, shape: &[i64], kind: Kind) -> Tensor {
        self.part(name, shape, kind)
    }

    fn conv_weight(&mut self, name: &str, shape: &[i64; 4], kind: Kind) -> Tensor {
        let part = self.part(name, shape, kind);
        channels_last(&part).expect("four dimensions can be permuted")
    }
}

/// Tensors in memory, f32, to be written as a checkpoint.
#[derive(Default)]
pub(crate) struct Stored {
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl Stored {
    /// The parts of `flat` under the names of `shapes`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn parts(flat: &Tensor, shapes: &Shapes) -> Result<Self> {
        let mut stored = Self::default();
        for (name, part) in Views::of(flat, shapes)?.parts {
            stored.add(&name, &part)?;
        }
        Ok(stored)
    }

    /// Adds a copy of `tensor`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn add(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        let shape = tensor.size().iter().map(|&n| n as usize).collect();
        let packed = tensor
            .f_detach()?
            .f_to_device(Device::Cpu)?
            .f_to_kind(Kind::Float)?
            .f_contiguous()?;
        let mut values = vec![0f32; packed.numel()];
        packed.f_copy_data(&mut values, packed.numel())?;
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensors.insert(name.to_owned(), (shape, bytes));
        Ok(())
    }
}

impl TensorSource for Stored {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        let (shape, _) = self.tensors.get(name)?;
        Some(TensorInfo {
            dtype: Dtype::F32,
            shape: shape.clone(),
        })
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        let missing = || Error::Checkpoint(format!("there is no tensor {name}"));
        let info = self.info(name).ok_or_else(missing)?;
        let (_, bytes) = self.tensors.get(name).ok_or_else(missing)?;
        Ok(HostTensor {
            info,
            bytes: Cow::Borrowed(bytes),
        })
    }
}
