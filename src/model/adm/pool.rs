//! From feature maps to class scores: the classifier's four heads, all in f32.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::adm::arguments::{ClassifierConfig, Pool};
use crate::model::adm::encoder::Trail;
use crate::model::adm::residual::NORM_EPS;
use crate::runtime::layers::all_pairs::{QkvOrder, attend_joint, to_sequence};
use crate::runtime::layers::linear::Linear;
use crate::runtime::layers::norm::GroupNorm;
use crate::runtime::tensors::load::Loader;

/// Hidden width of the spatial heads.
const SPATIAL_WIDTH: i64 = 2048;

/// The head of a classifier; its keys start with `out.`.
pub enum Head {
    /// `out.0` norm, `out.3` matrix.
    Adaptive(GroupNorm, Linear),
    /// `out.0` norm, `out.2` attention pool.
    Attention(GroupNorm, AttentionPool),
    /// `out.0` and `out.2` matrices.
    Spatial(Linear, Linear),
    /// `out.0` and `out.3` matrices, `out.1` norm.
    SpatialV2(Linear, GroupNorm, Linear),
}

impl Head {
    /// Loads the head for an encoder that left `trail`.
    pub fn load(config: &ClassifierConfig, loader: &mut Loader, trail: &Trail) -> Self {
        let (ch, classes) = (trail.channels, config.encoder.out_channels);
        let features = trail.skips.iter().sum::<i64>() + ch;
        let width = SPATIAL_WIDTH;
        let norm = |loader: &mut Loader| GroupNorm::load(loader, "out.0", ch, NORM_EPS);
        let matrix = |loader: &mut Loader, key: &str, from: i64, to: i64| {
            Linear::load(loader, key, from, to, Kind::Float)
        };
        match config.pool {
            Pool::Adaptive => Self::Adaptive(
                norm(loader),
                Linear::load_pointwise(loader, "out.3", [classes, ch], 2, Kind::Float),
            ),
            Pool::Attention => {
                Self::Attention(norm(loader), AttentionPool::load(config, loader, trail))
            }
            Pool::Spatial => Self::Spatial(
                matrix(loader, "out.0", features, width),
                matrix(loader, "out.2", width, classes),
            ),
            Pool::SpatialV2 => Self::SpatialV2(
                matrix(loader, "out.0", features, width),
                GroupNorm::load(loader, "out.1", width, NORM_EPS),
                matrix(loader, "out.3", width, classes),
            ),
        }
    }

    /// Scores `[N, classes]` from the result of every input block and of the middle.
    pub fn forward(&self, seen: &[Tensor], middle: &Tensor) -> Result<Tensor> {
        let last = || middle.f_to_kind(Kind::Float);
        match self {
            Self::Adaptive(norm, matrix) => {
                matrix.forward(&picture_mean(&norm.forward_silu(&last()?)?)?)
            }
            Self::Attention(norm, pool) => pool.forward(&norm.forward_silu(&last()?)?),
            Self::Spatial(first, second) => {
                second.forward(&first.forward(&all_means(seen, middle)?)?.f_relu()?)
            }
            Self::SpatialV2(first, norm, second) => {
                let hidden = first.forward(&all_means(seen, middle)?)?;
                second.forward(&norm.forward_silu(&hidden)?)
            }
        }
    }
}

/// Means over all pixels, f32 `[N, C]`.
fn picture_mean(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float)?)
}

fn all_means(seen: &[Tensor], middle: &Tensor) -> Result<Tensor> {
    let means: Result<Vec<Tensor>> = seen.iter().chain([middle]).map(picture_mean).collect();
    Ok(Tensor::f_cat(&means?, 1)?)
}

/// CLIP's pool: attention over the pixels and their mean; the result is that at the mean.
pub struct AttentionPool {
    positions: Tensor,
    qkv: Linear,
    proj: Linear,
    heads: i64,
    side: i64,
}

impl AttentionPool {
    fn load(config: &ClassifierConfig, loader: &mut Loader, trail: &Trail) -> Self {
        let encoder = &config.encoder;
        let (ch, side) = (trail.channels, encoder.image_size / trail.rate);
        let mut matrix =
            |key: &str, out: i64| Linear::load_pointwise(loader, key, [out, ch], 1, Kind::Float);
        let qkv = matrix("out.2.qkv_proj", 3 * ch);
        let proj = matrix("out.2.c_proj", encoder.out_channels);
        let shape = [ch, side * side + 1];
        let positions = loader.tensor_as("out.2.positional_embedding", &shape, Kind::Float);
        Self {
            // They are stored with channels first; a sequence has channels last.
            positions: positions.transpose(0, 1),
            qkv,
            proj,
            heads: encoder.heads(ch),
            side,
        }
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.size4()?;
        if (height, width) != (self.side, self.side) {
            return Err(Error::Input(format!(
                "a feature map of {height}x{width}; this classifier's positions are for {0}x{0}",
                self.side
            )));
        }
        let pixels = to_sequence(x)?;
        let mean = pixels.f_mean_dim([1i64].as_slice(), true, Kind::Float)?;
        let tokens = Tensor::f_cat(&[mean, pixels], 1)?.f_add(&self.positions)?;
        let qkv = self.qkv.forward(&tokens)?;
        let mixed = attend_joint(&qkv, self.heads, QkvOrder::QkvFirst)?;
        self.proj.forward(&mixed.f_select(1, 0)?)
    }
}
