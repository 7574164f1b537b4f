//! Networks without weights: which tensors a config needs, and random ones for them.
//!
//! `shapes_of` builds a network without weights and returns the names and shapes that it asked
//! for, without using memory. [`RandomWeights`] acts as a checkpoint of those shapes, for tests,
//! benchmarks and memory figures of full-size networks. Not for restoring anything.

use std::borrow::Cow;
use std::collections::BTreeMap;

#[cfg(feature = "torch")]
use tch::{Device, Kind};

use crate::error::{Error, Result};
#[cfg(feature = "torch")]
use crate::runtime::tensors::load::Loader;
use crate::runtime::tensors::{Dtype, HostTensor, TensorInfo, TensorSource};

/// Names and shapes of a network's tensors.
pub type Shapes = BTreeMap<String, Vec<i64>>;

/// The tensors that `build` requests from its loader.
///
/// # Errors
/// Those of `build`, if the config describes no network.
#[cfg(feature = "torch")]
pub fn shapes_of<T>(build: impl FnOnce(&mut Loader) -> Result<T>) -> Result<Shapes> {
    let mut loader = Loader::new(&NoTensors, Device::Cpu, Kind::Float);
    build(&mut loader)?;
    Ok(loader.requested().clone())
}

/// Number of parameters in all of `shapes`.
pub fn parameter_count(shapes: &Shapes) -> i64 {
    shapes.values().map(|s| s.iter().product::<i64>()).sum()
}

/// A checkpoint without tensors.
#[cfg(feature = "torch")]
struct NoTensors;

#[cfg(feature = "torch")]
impl TensorSource for NoTensors {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn info(&self, _: &str) -> Option<TensorInfo> {
        None
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        Err(Error::Checkpoint(format!("there is no tensor {name}")))
    }
}

/// Random f32 weights of given shapes: the same seed gives the same weights.
///
/// Matrices and convolutions are uniform with variance 1 / fan-in, which keeps activations of
/// order one; vectors named `weight` are ones (norms), all other vectors zeros (biases).
pub struct RandomWeights {
    shapes: Shapes,
    seed: u64,
}

impl RandomWeights {
    /// Weights for `shapes`.
    pub fn new(shapes: Shapes, seed: u64) -> Self {
        Self { shapes, seed }
    }
}

impl TensorSource for RandomWeights {
    fn names(&self) -> Vec<String> {
        self.shapes.keys().cloned().collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        let shape = self.shapes.get(name)?;
        Some(TensorInfo {
            dtype: Dtype::F32,
            shape: shape.iter().map(|&n| n as usize).collect(),
        })
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        let info = self
            .info(name)
            .ok_or_else(|| Error::Checkpoint(format!("there is no tensor {name}")))?;
        let bytes = values(name, &info.shape, self.seed);
        Ok(HostTensor {
            info,
            bytes: Cow::Owned(bytes),
        })
    }
}

fn values(name: &str, shape: &[usize], seed: u64) -> Vec<u8> {
    let count: usize = shape.iter().product();
    if shape.len() < 2 {
        let value: f32 = if name.ends_with("weight") { 1.0 } else { 0.0 };
        return value.to_le_bytes().repeat(count);
    }
    let fan_in: usize = shape[1..].iter().product();
    // A uniform variable on ±1 has variance 1/3.
    let amplitude = (3.0 / fan_in.max(1) as f64).sqrt();
    let mut state = name.bytes().fold(seed, |h, b| mix(h ^ u64::from(b)));
    let mut bytes = Vec::with_capacity(count * 4);
    for _ in 0..count {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let unit = (mix(state) >> 11) as f64 / (1u64 << 53) as f64;
        let value = (amplitude * (2.0 * unit - 1.0)) as f32;
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_recorded_and_random_weights_fill_them() {
        let build = |loader: &mut Loader| {
            Ok((
                loader.tensor("a.weight", &[4, 3, 3, 3]),
                loader.tensor("a.bias", &[4]),
            ))
        };
        let shapes = shapes_of(build).unwrap();
        assert_eq!(parameter_count(&shapes), 4 * 27 + 4);
        let source = RandomWeights::new(shapes, 7);
        let mut loader = Loader::new(&source, Device::Cpu, Kind::Float);
        let (weight, _) = build(&mut loader).unwrap();
        loader.finish().unwrap();
        // Uniform with variance 1/27; the standard error over 108 draws is about 10 %.
        let variance = f64::try_from(weight.var(true)).unwrap();
        assert!((0.6..1.5).contains(&(variance * 27.0)), "{variance}");
    }
}
