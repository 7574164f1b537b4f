//! Group normalisation over 32 groups, alone or followed by SiLU, with or without a FiLM.
//!
//! Statistics and affine part are f32 whatever the kind of the picture, as in the published
//! `GroupNorm32`. On a CPU, without gradients, a single kernel of this project does everything;
//! otherwise libtorch's operators one after another.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::runtime::layers::joined::Joined;
use crate::runtime::native::channels_last::{Bf16, is_channels_last};
use crate::runtime::native::norm::{Affine, After, group_norm, numbers};
use crate::runtime::tensors::load::Loader;

/// Groups of every norm in the published networks.
pub const GROUPS: i64 = 32;

/// A norm of `C` channels in [`GROUPS`] groups.
pub struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl GroupNorm {
    /// `key.weight` and `key.bias`, both `[channels]`, kept in f32.
    pub fn load(loader: &mut Loader, key: &str, channels: i64, eps: f64) -> Self {
        Self {
            weight: loader.tensor_as(&format!("{key}.weight"), &[channels], Kind::Float),
            bias: loader.tensor_as(&format!("{key}.bias"), &[channels], Kind::Float),
            eps,
        }
    }

    /// The normalised `x`, `[N, C, ..]`, in its own kind.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if has_kernel(x) {
            let affine = self.affine(x, None)?;
            return self.at_once(&[x], &affine, After::Nothing, x.kind());
        }
        self.plainly(x)
    }

    /// SiLU of the normalised `x`.
    pub fn forward_silu<'a>(&self, x: impl Into<Joined<'a>>) -> Result<Tensor> {
        let x = x.into();
        let (first, second) = x.parts();
        let alike = |second: &Tensor| has_kernel(second) && second.kind() == first.kind();
        if has_kernel(first) && second.is_none_or(alike) {
            let affine = self.affine(first, None)?;
            let parts: Vec<&Tensor> = [Some(first), second].into_iter().flatten().collect();
            return self.at_once(&parts, &affine, After::Silu, first.kind());
        }
        Ok(self.plainly(&x.whole()?)?.f_silu_()?)
    }

    /// SiLU of the normalised `x` of any kind, in f32.
    pub fn forward_silu_f32(&self, x: &Tensor) -> Result<Tensor> {
        if has_kernel(x) {
            let affine = self.affine(x, None)?;
            return self.at_once(&[x], &affine, After::Silu, Kind::Float);
        }
        Ok(self.plainly(&x.f_to_kind(Kind::Float)?)?.f_silu_()?)
    }

    /// SiLU of the normalised `x` + `offset`, an f32 `[N, C]`.
    pub fn forward_offset_silu(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        if has_kernel(x) {
            let mut affine = self.affine(x, None)?;
            affine.offset = numbers(offset)?;
            return self.at_once(&[x], &affine, After::Silu, x.kind());
        }
        let moved = x.f_add(&over_picture(offset, x.kind())?)?;
        Ok(self.plainly(&moved)?.f_silu_()?)
    }

    /// SiLU of `norm(x) · (1 + scale) + shift`; `scale` and `shift` are f32 `[N, C]`.
    pub fn forward_film_silu(&self, x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
        if has_kernel(x) {
            let affine = self.affine(x, Some((scale, shift)))?;
            return self.at_once(&[x], &affine, After::Silu, x.kind());
        }
        let gain = scale.f_add_scalar(1.0)?;
        if x.size().first() == Some(&1) {
            // With one picture, FiLM can be folded into the norm's affine part.
            let gain = gain.f_flatten(0, -1)?;
            let weight = self.weight.f_mul(&gain)?;
            let bias = self.bias.f_mul(&gain)?.f_add(&shift.f_flatten(0, -1)?)?;
            return Ok(by_libtorch(x, &weight, &bias, self.eps)?.f_silu_()?);
        }
        Ok(self
            .plainly(x)?
            .f_mul(&over_picture(&gain, x.kind())?)?
            .f_add(&over_picture(shift, x.kind())?)?
            .f_silu_()?)
    }

    /// The norm's affine numbers for each picture of `x`, with scale and shift folded in.
    fn affine(&self, x: &Tensor, film: Option<(&Tensor, &Tensor)>) -> Result<Affine> {
        let pictures = x.size4()?.0;
        let of_each = |t: &Tensor| numbers(&t.f_repeat([pictures])?);
        let (mut weight, mut bias) = (of_each(&self.weight)?, of_each(&self.bias)?);
        if let Some((scale, shift)) = film {
            let lists = numbers(scale)?.into_iter().zip(numbers(shift)?);
            for ((weight, bias), (scale, shift)) in weight.iter_mut().zip(&mut bias).zip(lists) {
                *weight *= 1.0 + scale;
                *bias = *bias * (1.0 + scale) + shift;
            }
        }
        Ok(Affine {
            offset: vec![0.0; weight.len()],
            weight,
            bias,
        })
    }

    /// The channels of `x` are in one tensor or in several.
    fn at_once(&self, x: &[&Tensor], affine: &Affine, after: After, kind: Kind) -> Result<Tensor> {
        let groups = GROUPS as usize;
        match (x.first().map_or(kind, |x| x.kind()), kind) {
            (Kind::Float, _) => group_norm::<f32, f32>(x, groups, self.eps, affine, after),
            (_, Kind::Float) => group_norm::<Bf16, f32>(x, groups, self.eps, affine, after),
            _ => group_norm::<Bf16, Bf16>(x, groups, self.eps, affine, after),
        }
    }

    fn plainly(&self, x: &Tensor) -> Result<Tensor> {
        by_libtorch(x, &self.weight, &self.bias, self.eps)
    }
}

fn by_libtorch(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let (weight, bias) = (Some(weight), Some(bias));
    let kind = x.kind();
    if kind == Kind::Float || x.device() == Device::Cpu {
        // On the CPU, libtorch accepts a half-precision picture with f32 weights and computes in
        // f32.
        return Ok(x.f_group_norm(GROUPS, weight, bias, eps, true)?);
    }
    let wide = x.f_to_kind(Kind::Float)?;
    let out = wide.f_group_norm(GROUPS, weight, bias, eps, true)?;
    Ok(out.f_to_kind(kind)?)
}

/// Whether this project's kernel supports `x`.
fn has_kernel(x: &Tensor) -> bool {
    let known = matches!(x.kind(), Kind::Float | Kind::BFloat16);
    known && x.device() == Device::Cpu && !x.requires_grad() && is_channels_last(x)
}

/// `[N, C]` as something to add to or multiply with `[N, C, H, W]` of `kind`.
fn over_picture(t: &Tensor, kind: Kind) -> Result<Tensor> {
    Ok(t.f_to_kind(kind)?.f_unsqueeze(-1)?.f_unsqueeze(-1)?)
}
