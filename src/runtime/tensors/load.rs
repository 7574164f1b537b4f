//! Builds networks from a [`TensorSource`]: every name and shape is checked, and one error names
//! every tensor that is missing, has the wrong shape or is left over.
//!
//! Networks ask for weights by the checkpoint's own keys while they are constructed;
//! [`Loader::finish`] then reports what did not fit. Tensors are converted to the wanted kind one
//! by one, so the checkpoint is never in memory twice.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::runtime::tensors::faults::report;
use crate::runtime::tensors::{Dtype, TensorSource};

/// Returns tensors by name and records which ones were used.
pub struct Loader<'a> {
    source: &'a dyn TensorSource,
    device: Device,
    kind: Kind,
    used: BTreeMap<String, Vec<i64>>,
    faults: Vec<String>,
    packs: bool,
    layout: Layout,
}

/// Memory layout of a tensor `[N, C, H, W]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In the order of its sizes: plane after plane.
    Packed,
    /// Pixel after pixel, which is fastest for convolutions on the CPU.
    ChannelsLast,
}

impl Layout {
    /// The same numbers in this layout.
    ///
    /// # Errors
    /// libtorch's.
    pub fn of(self, x: &Tensor) -> std::result::Result<Tensor, tch::TchError> {
        match self {
            Self::Packed => x.f_contiguous(),
            Self::ChannelsLast => channels_last(x),
        }
    }
}

impl<'a> Loader<'a> {
    /// Tensors from `source`, converted to `kind` on `device`.
    pub fn new(source: &'a dyn TensorSource, device: Device, kind: Kind) -> Self {
        Self {
            source,
            device,
            kind,
            used: BTreeMap::new(),
            faults: Vec::new(),
            packs: true,
            layout: Layout::ChannelsLast,
        }
    }

    /// For a reference network: memory layout and operators of the published program.
    pub fn as_published(&mut self) {
        self.packs = false;
        self.layout = Layout::Packed;
    }

    /// The memory layout of the network's pictures and convolutions.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// For a network with gradients: its weights stay plain libtorch tensors.
    pub fn keep_plain(&mut self) {
        self.packs = false;
    }

    /// Whether layers may reorder their weights.
    pub(crate) fn packs(&self) -> bool {
        self.packs
    }

    /// Where the tensors go.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.source.info(name).is_some()
    }

    /// The kind that [`Self::tensor`] converts to: the precision of the network's torso.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The tensor `name`, which must have `shape`. An error is stored for [`Self::finish`] and
    /// zeros are returned, so that one pass finds every error.
    pub fn tensor(&mut self, name: &str, shape: &[i64]) -> Tensor {
        self.fetch(name, shape, self.kind, Layout::Packed)
    }

    /// As [`Self::tensor`], in another kind: for what stays f32 in a half-precision network.
    pub fn tensor_as(&mut self, name: &str, shape: &[i64], kind: Kind) -> Tensor {
        self.fetch(name, shape, kind, Layout::Packed)
    }

    /// As [`Self::tensor_as`], for a convolution's weights `[out, in, kh, kw]`: their layout is
    /// [`Self::layout`].
    pub fn conv_weight(&mut self, name: &str, shape: &[i64; 4], kind: Kind) -> Tensor {
        self.fetch(name, shape, kind, self.layout)
    }

    /// As [`Self::conv_weight`], but read in f32, transformed by `make` to the shape `made`, and
    /// then converted to `kind`.
    pub fn conv_weight_made(
        &mut self,
        (name, shape): (&str, &[i64; 4]),
        (made, kind): (&[i64; 4], Kind),
        make: impl FnOnce(&Tensor) -> std::result::Result<Tensor, tch::TchError>,
    ) -> Tensor {
        let layout = self.layout;
        let read = |loader: &Self| {
            let weight = loader.read(name, shape, Kind::Float, Layout::Packed)?;
            let made = make(&weight).and_then(|w| layout.of(&w.f_to_kind(kind)?));
            let made = made.map_err(|e| format!("{name}: {e}"))?;
            checked(made, name)
        };
        self.keep_books((name, shape), (made, kind), read)
    }

    fn fetch(&mut self, name: &str, shape: &[i64], kind: Kind, layout: Layout) -> Tensor {
        let read = |loader: &Self| loader.read(name, shape, kind, layout);
        self.keep_books((name, shape), (shape, kind), read)
    }

    /// The result of `read` for the tensor `name`; if it fails, zeros of the expected shape and
    /// kind.
    fn keep_books(
        &mut self,
        (name, shape): (&str, &[i64]),
        (made, kind): (&[i64], Kind),
        read: impl FnOnce(&Self) -> std::result::Result<Tensor, String>,
    ) -> Tensor {
        self.used.insert(name.to_owned(), shape.to_vec());
        read(self).unwrap_or_else(|fault| {
            self.faults.push(fault);
            // One zero, expanded: a wrong config must not cost memory.
            Tensor::zeros([1], (kind, self.device)).expand(made, false)
        })
    }

    fn read(
        &self,
        name: &str,
        shape: &[i64],
        wanted_kind: Kind,
        layout: Layout,
    ) -> std::result::Result<Tensor, String> {
        let info = self
            .source
            .info(name)
            .ok_or_else(|| format!("missing {name}"))?;
        let found: Vec<i64> = info.shape.iter().map(|&n| n as i64).collect();
        if found != shape {
            return Err(format!("{name} is {found:?}, wanted {shape:?}"));
        }
        let tensor = self.source.read(name).map_err(|e| e.to_string())?;
        let wanted = info.shape.iter().product::<usize>() * info.dtype.bytes();
        if tensor.bytes.len() != wanted {
            return Err(format!(
                "{name} has {} bytes, wanted {wanted}",
                tensor.bytes.len()
            ));
        }
        let kind = kind_of(info.dtype);
        let tensor = Tensor::f_from_data_size(&tensor.bytes, &found, kind)
            .and_then(|t| t.f_to_kind(wanted_kind))
            .and_then(|t| layout.of(&t))
            .and_then(|t| t.f_to_device(self.device))
            .map_err(|e| format!("{name}: {e}"))?;
        checked(tensor, name)
    }

    /// Marks a name as used, for keys that the caller does not need.
    pub fn ignore(&mut self, name: &str) {
        self.used.insert(name.to_owned(), Vec::new());
    }

    /// Every tensor that was requested so far, with its required shape.
    pub fn requested(&self) -> &BTreeMap<String, Vec<i64>> {
        &self.used
    }

    /// Ends the construction.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming every tensor that is missing, has the wrong shape or is left
    /// over.
    pub fn finish(mut self) -> Result<()> {
        for name in self.source.names() {
            if !self.used.contains_key(&name) {
                self.faults.push(format!("unexpected {name}"));
            }
        }
        report(&self.faults)
    }
}

fn checked(tensor: Tensor, name: &str) -> std::result::Result<Tensor, String> {
    match is_finite(&tensor) {
        Ok(true) => Ok(tensor),
        _ => Err(format!("{name} holds values that are not finite")),
    }
}

/// Whether the conversion stayed in range; the source has already refused values that were not
/// finite before.
///
/// It checks the minimum and maximum, which are NaN if any value is: `isfinite` makes temporaries
/// as large as the tensor, and the holes that they leave in the heap cost a full-size network 0.7
/// GB.
fn is_finite(tensor: &Tensor) -> std::result::Result<bool, tch::TchError> {
    if tensor.numel() == 0 {
        return Ok(true);
    }
    let (low, high) = (tensor.f_min()?, tensor.f_max()?);
    Ok(low.f_double_value(&[])?.is_finite() && high.f_double_value(&[])?.is_finite())
}

/// `[N, C, H, W]` with C innermost in memory, otherwise unchanged.
///
/// # Errors
/// libtorch's.
pub fn channels_last(x: &Tensor) -> std::result::Result<Tensor, tch::TchError> {
    x.f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])
}

fn kind_of(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F16 => Kind::Half,
        Dtype::Bf16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::I64 => Kind::Int64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_tell_what_is_not_finite() {
        let is_finite = |values: &[f32]| is_finite(&Tensor::from_slice(values)).unwrap();
        assert!(is_finite(&[1.0, f32::MAX, f32::MIN]) && is_finite(&[]));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!is_finite(&[bad]) && !is_finite(&[1.0, bad, -1.0]), "{bad}");
        }
    }
}
