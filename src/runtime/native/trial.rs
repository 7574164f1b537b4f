//! Whether bf16, and packed convolutions in f32, give correct numbers on this CPU: some releases of
//! libtorch have been wrong in bf16.
//!
//! It compares the products that networks are made of with plain f32, on a few numbers, once per
//! process, on the torch thread. Called when a model is opened, by convolutions and, to initialise
//! libtorch, by `exit`; lean and nano compare their whole network.

use std::sync::OnceLock;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::native::packed::{Geometry, PackedConv};
use crate::runtime::native::slices::alone;
use crate::runtime::tensors::load::channels_last;

/// Allowed relative L2 error: inputs rounded to bf16 and results rounded once give 2^-9 each, so
/// three roundings are 0.4 %; a wrong kernel is off by tens of percent.
const AGREEMENT: f64 = 1e-2;

/// The same for f32 against f32, summed in another order: 1e-7 here.
const F32_AGREEMENT: f64 = 1e-5;

/// Kernels that are tested: 3x3, and 2x2 as in `layers::doubled`; all with a padding of one zero.
const SIDES: [i64; 2] = [3, 2];

/// The same for attention, whose exponentials amplify the rounding of the products before them: 1.1
/// % here.
const ATTENTION_AGREEMENT: f64 = 3e-2;

/// Why bf16 must not be used on this CPU; `None` if it may.
pub fn fault() -> Option<&'static str> {
    static FAULT: OnceLock<Option<String>> = OnceLock::new();
    let tried = || tch::no_grad(try_out).err().map(|why| why.to_string());
    FAULT.get_or_init(tried).as_deref()
}

/// Whether packed convolutions in f32 agree with the plain ones on this CPU; if not, none is
/// packed.
pub fn packs_f32() -> bool {
    static PACKS: OnceLock<bool> = OnceLock::new();
    let agrees = |side| -> Result<bool> {
        let distance = far(
            &packed(Kind::Float, side)?,
            &convolution(Kind::Float, side)?,
        )?;
        Ok(distance < F32_AGREEMENT)
    };
    let tried = || SIDES.into_iter().all(|side| agrees(side).unwrap_or(false));
    *PACKS.get_or_init(|| tch::no_grad(tried))
}

/// Computes each of the products once, only on the calling thread.
///
/// # Errors
/// [`Error::Backend`].
pub fn touch() -> Result<()> {
    let each = || -> Result<()> {
        convolution(Kind::Float, SIDES[0]).map(drop)?;
        packed(Kind::Float, SIDES[0]).map(drop)?;
        product(Kind::Float).map(drop)?;
        attention(Kind::Float).map(drop)
    };
    tch::no_grad(|| alone(each))
}

fn try_out() -> Result<()> {
    for side in SIDES {
        compare("a convolution", AGREEMENT, |kind| convolution(kind, side))?;
        compare("a packed convolution", AGREEMENT, |kind| match kind {
            // If nothing can be packed, nothing packed is used.
            Kind::BFloat16 => packed(kind, side).or_else(|_| convolution(kind, side)),
            _ => convolution(kind, side),
        })?;
    }
    compare("a matrix product", AGREEMENT, product)?;
    compare("attention", ATTENTION_AGREEMENT, attention)
}

fn compare(what: &str, allowed: f64, run: impl Fn(Kind) -> Result<Tensor>) -> Result<()> {
    let distance = far(&run(Kind::BFloat16)?, &run(Kind::Float)?)?;
    // Written so that NaN does not pass.
    match distance < allowed {
        true => Ok(()),
        false => Err(Error::Backend(format!(
            "{what} in bf16 differs from f32 by {distance:.3}, at most {allowed} is allowed"
        ))),
    }
}

/// Relative L2.
fn far(found: &Tensor, wanted: &Tensor) -> Result<f64> {
    let apart = found.f_to_kind(Kind::Float)?.f_sub(wanted)?.f_norm()?;
    Ok(apart.f_double_value(&[])? / wanted.f_norm()?.f_double_value(&[])?)
}

/// Numbers in ±1 that are the same everywhere, rounded to bf16 in either kind.
fn numbers(size: &[i64], kind: Kind, seed: f64) -> Result<Tensor> {
    let count = size.iter().product::<i64>();
    let steps = Tensor::f_arange(count, (Kind::Double, Device::Cpu))?;
    let waves = steps.f_mul_scalar(12.9898 + seed)?.f_sin()?;
    let half = waves.f_view(size)?.f_to_kind(Kind::BFloat16)?;
    Ok(half.f_to_kind(kind)?)
}

/// Input, weight and bias.
fn layer(kind: Kind, side: i64) -> Result<[Tensor; 3]> {
    let x = channels_last(&numbers(&[1, 64, 20, 28], kind, 0.1)?)?;
    let weight = channels_last(&numbers(&[64, 64, side, side], kind, 0.2)?)?;
    Ok([x, weight, numbers(&[64], kind, 0.3)?])
}

fn convolution(kind: Kind, side: i64) -> Result<Tensor> {
    let [x, weight, bias] = layer(kind, side)?;
    Ok(x.f_conv2d(&weight, Some(&bias), [1, 1], [1, 1], [1, 1], 1)?)
}

fn packed(kind: Kind, side: i64) -> Result<Tensor> {
    let [x, weight, bias] = layer(kind, side)?;
    let same = Geometry {
        padding: 1,
        stride: 1,
    };
    PackedConv::new(&weight, &bias, same, [1, 64, 20, 28])?.forward(&x)
}

fn product(kind: Kind) -> Result<Tensor> {
    let (x, weight) = (
        numbers(&[96, 160], kind, 0.4)?,
        numbers(&[64, 160], kind, 0.5)?,
    );
    Ok(x.f_linear(&weight, None::<&Tensor>)?)
}

fn attention(kind: Kind) -> Result<Tensor> {
    let part = |seed| numbers(&[1, 2, 64, 32], kind, seed);
    crate::runtime::layers::all_pairs::attend(&part(0.6)?, &part(0.7)?, &part(0.8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_found() {
        let skewed = |kind| {
            let x = numbers(&[64, 64], kind, 0.1)?;
            let factor = if kind == Kind::BFloat16 { 1.02 } else { 1.0 };
            Ok(x.f_mul_scalar(factor)?)
        };
        let message = compare("a test", AGREEMENT, skewed)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("a test in bf16 differs from f32 by 0.02"),
            "{message}"
        );
        let broken = |kind| Ok(numbers(&[8], kind, 0.1)?.f_mul_scalar(f64::NAN)?);
        assert!(compare("a test", AGREEMENT, broken).is_err());
        assert!(compare("a test", AGREEMENT, |kind| numbers(&[8], kind, 0.1)).is_ok());
    }

    #[test]
    fn this_machine_passes() {
        assert_eq!(fault(), None);
        assert!(packs_f32());
    }
}
