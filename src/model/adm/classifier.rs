//! The ADM classifier of noisy pictures, and the gradient that guides a sampler by it.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::adm::arguments::ClassifierConfig;
use crate::model::adm::encoder::{Encoder, prepare};
use crate::model::adm::pool::Head;
use crate::model::adm::time::TimeEmbedding;
use crate::runtime::tensors::load::{Layout, Loader};

/// The network of guided-diffusion's `EncoderUNetModel`, in its checkpoint's keys.
///
/// The torso computes in the loader's kind; embeddings, norms and the head in f32. The gradient is
/// computed in f32 whatever the kind of the weights: the backward pass rounds as often as the
/// forward pass, and in bf16 both together cost 2 % of the gradient in a network of six blocks,
/// compared with 0.9 % for rounding only the weights.
pub struct Classifier {
    config: ClassifierConfig,
    kind: Kind,
    time: TimeEmbedding,
    encoder: Encoder,
    head: Head,
}

impl Classifier {
    /// Builds the network from the loader's tensors; `Loader::finish` reports whether they fit.
    ///
    /// # Errors
    /// [`Error::Options`] if `config` describes no network.
    pub fn load(config: &ClassifierConfig, loader: &mut Loader) -> Result<Self> {
        config.validate()?;
        loader.keep_plain();
        let time = TimeEmbedding::load(&config.encoder, loader);
        let (encoder, trail) = Encoder::load(&config.encoder, loader);
        Ok(Self {
            config: config.clone(),
            kind: loader.kind(),
            time,
            encoder,
            head: Head::load(config, loader, &trail),
        })
    }

    /// The config that it was built from.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// Scores f32 `[N, classes]` of pictures `x` `[N, 3, H, W]` at timesteps `t` `[N]`.
    ///
    /// # Errors
    /// [`Error::Input`] for pictures of the wrong shape, [`Error::Backend`] from libtorch.
    pub fn logits(&self, x: &Tensor, t: &Tensor) -> Result<Tensor> {
        tch::no_grad(|| self.run(x, t, self.kind))
    }

    /// ∇ₓ log p(class | x, t), f32 and of the shape of `x`; `class` is i64 `[N]`.
    ///
    /// # Errors
    /// As [`Self::logits`]; [`Error::Options`] for a class out of range.
    pub fn log_prob_grad(&self, x: &Tensor, t: &Tensor, class: &Tensor) -> Result<Tensor> {
        self.check_classes(class)?;
        tch::with_grad(|| {
            let x = x
                .f_detach()?
                .f_to_kind(Kind::Float)?
                .f_set_requires_grad(true)?;
            let log_probs = self
                .run(&x, t, Kind::Float)?
                .f_log_softmax(-1, Kind::Float)?;
            let chosen = log_probs.f_gather(1, &class.f_unsqueeze(1)?, false)?;
            let total = chosen.f_sum(Kind::Float)?;
            let mut grads = Tensor::f_run_backward(&[total], &[&x], false, false)?;
            grads
                .pop()
                .ok_or_else(|| Error::Backend("libtorch gave no gradient".into()))
        })
    }

    fn run(&self, x: &Tensor, t: &Tensor, kind: Kind) -> Result<Tensor> {
        let emb = self.time.forward(t, None)?;
        let x = prepare(&self.config.encoder, x, kind, Layout::ChannelsLast)?;
        let (seen, middle) = self.encoder.forward(&x, &emb)?;
        self.head.forward(&seen, &middle)
    }

    fn check_classes(&self, class: &Tensor) -> Result<()> {
        let classes = self.config.encoder.out_channels;
        let range = (class.f_min()?, class.f_max()?);
        let (least, most) = (range.0.f_int64_value(&[])?, range.1.f_int64_value(&[])?);
        if least >= 0 && most < classes {
            return Ok(());
        }
        Err(Error::options(format!(
            "classes {least}..={most} are not all in 0..{classes}"
        )))
    }
}
