//! The embedding of timestep and class, an input of every block; always f32.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::adm::arguments::AdmConfig;
use crate::runtime::layers::embedding::cos_sin;
use crate::runtime::layers::linear::Linear;
use crate::runtime::tensors::load::Loader;

/// Keys `time_embed.0`, `time_embed.2` and, for a class-conditional network, `label_emb`.
pub struct TimeEmbedding {
    first: Linear,
    second: Linear,
    labels: Option<Tensor>,
    width: i64,
}

impl TimeEmbedding {
    /// Loads it for `config`.
    pub fn load(config: &AdmConfig, loader: &mut Loader) -> Self {
        let (width, out) = (config.model_channels, config.embedding());
        Self {
            first: Linear::load(loader, "time_embed.0", width, out, Kind::Float),
            second: Linear::load(loader, "time_embed.2", out, out, Kind::Float),
            labels: config
                .num_classes
                .map(|n| loader.tensor_as("label_emb.weight", &[n, out], Kind::Float)),
            width,
        }
    }

    /// SiLU of the embedding, f32 `[N, 4 · model_channels]`: every block starts with that SiLU.
    ///
    /// # Errors
    /// [`Error::Options`] if `y` is missing, superfluous or out of range.
    pub fn forward(&self, t: &Tensor, y: Option<&Tensor>) -> Result<Tensor> {
        let hidden = self.first.forward(&cos_sin(t, self.width)?)?.f_silu()?;
        let time = self.second.forward(&hidden)?;
        let told = match (&self.labels, y) {
            (Some(table), Some(y)) => time.f_add(&look_up(table, y)?)?,
            (None, None) => time,
            (Some(_), None) => {
                return Err(Error::options("this network must be told a class".into()));
            }
            (None, Some(_)) => {
                return Err(Error::options("this network knows no classes".into()));
            }
        };
        Ok(told.f_silu()?)
    }
}

/// Rows of `table` by class. Checked here, because a device cannot be used any more after a wrong
/// index.
fn look_up(table: &Tensor, y: &Tensor) -> Result<Tensor> {
    let classes = table.size()[0];
    let (least, most) = (
        y.f_min()?.f_int64_value(&[])?,
        y.f_max()?.f_int64_value(&[])?,
    );
    if least < 0 || most >= classes {
        return Err(Error::options(format!(
            "class {} is not in 0..{classes}",
            if least < 0 { least } else { most }
        )));
    }
    Ok(table.f_index_select(0, y)?)
}
