//! The residual block, which may also resample the picture.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::model::adm::arguments::AdmConfig;
use crate::runtime::layers::conv::{Conv2d, ConvSize};
use crate::runtime::layers::doubled::DoubledConv;
use crate::runtime::layers::joined::Joined;
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::layers::resample::{double_nearest, halve_mean};
use crate::runtime::tensors::load::Loader;

/// The family's `eps` in every group norm.
pub const NORM_EPS: f64 = 1e-5;

/// What a residual block does to the size of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    Keep,
    Double,
    Halve,
}

impl Resize {
    fn apply(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Keep => Ok(x.shallow_clone()),
            Self::Double => double_nearest(x),
            Self::Halve => halve_mean(x),
        }
    }
}

/// How time and class enter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Added before the second norm.
    Added,
    /// They scale and shift the result of the second norm.
    ScaleShift,
}

/// The first convolution, on the picture at its new size.
enum InConv {
    Resized(Conv2d, Resize),
    Doubled(DoubledConv),
}

impl InConv {
    fn load(loader: &mut Loader, key: &str, channels: [i64; 2], resize: Resize) -> Self {
        let (kind, [input, output]) = (loader.kind(), channels);
        match resize {
            Resize::Double => Self::Doubled(DoubledConv::load(loader, key, channels, kind)),
            Resize::Keep | Resize::Halve => {
                let size = ConvSize(input, output, 3);
                Self::Resized(Conv2d::load(loader, key, size, kind), resize)
            }
        }
    }

    /// `x` has the size before resampling.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Resized(conv, resize) => conv.forward(&resize.apply(x)?),
            Self::Doubled(conv) => conv.forward(x),
        }
    }
}

/// Keys `in_layers.{0,2}`, `emb_layers.1`, `out_layers.{0,3}`, `skip_connection`.
pub struct ResBlock {
    in_norm: GroupNorm,
    in_conv: InConv,
    emb: Linear,
    out_norm: GroupNorm,
    out_conv: Conv2d,
    skip: Option<Conv2d>,
    told: Told,
    resize: Resize,
}

impl ResBlock {
    /// From `input` to `output` channels; only a change of channels has a `skip_connection`.
    pub fn load(
        config: &AdmConfig,
        loader: &mut Loader,
        key: &str,
        [input, output]: [i64; 2],
        resize: Resize,
    ) -> Self {
        let kind = loader.kind();
        let at = |name: &str| format!("{key}.{name}");
        let (told, told_width) = if config.use_scale_shift_norm {
            (Told::ScaleShift, 2 * output)
        } else {
            (Told::Added, output)
        };
        let emb_width = config.embedding();
        Self {
            in_norm: GroupNorm::load(loader, &at("in_layers.0"), input, NORM_EPS),
            in_conv: InConv::load(loader, &at("in_layers.2"), [input, output], resize),
            // f32 in half-precision networks too: the published code halves convolutions only.
            emb: Linear::load(
                loader,
                &at("emb_layers.1"),
                emb_width,
                told_width,
                Kind::Float,
            ),
            out_norm: GroupNorm::load(loader, &at("out_layers.0"), output, NORM_EPS),
            out_conv: Conv2d::load(
                loader,
                &at("out_layers.3"),
                ConvSize(output, output, 3),
                kind,
            ),
            skip: (input != output).then(|| {
                let size = ConvSize(input, output, 1);
                Conv2d::load(loader, &at("skip_connection"), size, kind)
            }),
            told,
            resize,
        }
    }

    /// `x` is `[N, input, H, W]`; `emb` is the SiLU of the embedding, f32.
    pub fn forward<'a>(&self, x: impl Into<Joined<'a>>, emb: &Tensor) -> Result<Tensor> {
        let x = x.into();
        let h = self.in_conv.forward(&self.in_norm.forward_silu(x)?)?;
        let h = self.tell(&h, emb)?;
        if let (Some(conv), Resize::Keep) = (&self.skip, self.resize) {
            return self.out_conv.forward_onto(&h, conv.forward_joined(x)?);
        }
        let x = self.resize.apply(&x.whole()?)?;
        match &self.skip {
            Some(conv) => self.out_conv.forward_onto(&h, conv.forward(&x)?),
            None if self.resize != Resize::Keep => self.out_conv.forward_onto(&h, x),
            // The picture is shared, so it must not be changed in place.
            None => Ok(x.f_add(&self.out_conv.forward(&h)?)?),
        }
    }

    /// The second norm and its SiLU, with time and class.
    fn tell(&self, h: &Tensor, emb: &Tensor) -> Result<Tensor> {
        let told = self.emb.forward(emb)?;
        match self.told {
            Told::Added => self.out_norm.forward_offset_silu(h, &told),
            Told::ScaleShift => {
                let halves = told.f_chunk(2, 1)?;
                self.out_norm.forward_film_silu(h, &halves[0], &halves[1])
            }
        }
    }
}
