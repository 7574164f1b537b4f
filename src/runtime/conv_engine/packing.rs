//! The weights of a network in oneDNN's order, with FiLM folded into them.
//!
//! σ and the tables are the same for all pixels of a call, so FiLM's scale and shift are applied to
//! a convolution's weights and bias, in f32. Folded weights are kept for the next call with the same
//! σ and tables; what they are folded from is read from the checkpoint again. Called by `engine`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_net::conditioning::LENGTH;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::embedding::{Embedding, Linear};
use crate::runtime::conv_net::net::{Conv, Kernel, Layer, Net};
use crate::runtime::onednn::{Convolution, Packed};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::floats;

/// How many sets of folded weights are kept: more than the number of steps in presets of few calls.
const FOLDS_KEPT: usize = 8;

/// σ and tables, as bits.
type Key = (u64, [u32; LENGTH]);

/// Packed weights of the layers with FiLM, in their order.
type Folds = Arc<Vec<Packed>>;

/// The weights of a network.
pub(crate) struct Packing {
    arithmetic: Arithmetic,
    source: Box<dyn TensorSource>,
    embedding: Embedding,
    /// For the hint only, and for x and the hint; packed at their first use.
    heads: [Mutex<Option<Arc<Packed>>>; 2],
    /// Of the layers without FiLM, by the number of the layer.
    fixed: Vec<Option<Packed>>,
    films: Vec<Film>,
    folds: Mutex<Vec<(Key, Folds)>>,
}

/// A layer with FiLM.
struct Film {
    conv: Conv,
    modulation: Linear,
}

impl Packing {
    /// Packs what does not depend on σ and the tables.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] for a tensor that cannot be read, [`crate::Error::Backend`] if
    /// oneDNN has no such convolution on this CPU.
    pub fn new(net: &Net, source: Box<dyn TensorSource>, arithmetic: Arithmetic) -> Result<Self> {
        let fixed = |layer: &Layer| match &layer.film {
            Some(_) => Ok(None),
            None => pack(&*source, &layer.conv, arithmetic).map(Some),
        };
        let fixed = net.layers.iter().map(fixed).collect::<Result<_>>()?;
        let films = net.layers.iter().filter_map(|layer| {
            let read = |key| {
                let modulation = Linear::read(&*source, key)?;
                let conv = layer.conv.clone();
                Ok(Film { conv, modulation })
            };
            layer.film.as_deref().map(read)
        });
        let films = films.collect::<Result<_>>()?;
        Ok(Self {
            arithmetic,
            embedding: Embedding::read(&*source, net)?,
            heads: Default::default(),
            fixed,
            films,
            folds: Mutex::default(),
            source,
        })
    }

    /// The head of `net` for the hint only, or for x and the hint.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn head(&self, net: &Net, sees: bool) -> Result<Arc<Packed>> {
        let mut kept = self.heads[usize::from(sees)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = &*kept {
            return Ok(Arc::clone(head));
        }
        let head = Arc::new(self.pack_head(&net.heads, sees)?);
        *kept = Some(Arc::clone(&head));
        Ok(head)
    }

    /// Both heads as one convolution, of the channels of x and those of the hint. If x is not used,
    /// only of the hint's channels, plus the other head's result for zeros.
    fn pack_head(&self, [x, hint]: &[Conv; 2], sees: bool) -> Result<Packed> {
        let read = |conv: &Conv| read(&*self.source, conv);
        let ((of_x, x_bias), (of_hint, hint_bias)) = (read(x)?, read(hint)?);
        let bias = x_bias.iter().zip(&hint_bias).map(|(a, b)| a + b).collect();
        let sizes = |input| Convolution {
            input,
            ..sizes(hint)
        };
        match sees {
            false => Packed::new(sizes(hint.input), self.arithmetic, &of_hint, bias),
            true => {
                let rows = [x, hint].map(|conv| conv.weights() / conv.output);
                let pairs = of_x
                    .chunks_exact(rows[0])
                    .zip(of_hint.chunks_exact(rows[1]));
                let weight: Vec<f32> = pairs.flat_map(|(x, hint)| [x, hint].concat()).collect();
                Packed::new(sizes(x.input + hint.input), self.arithmetic, &weight, bias)
            }
        }
    }

    /// The weights of the layer `index` without FiLM.
    pub fn fixed(&self, index: usize) -> Option<&Packed> {
        self.fixed.get(index).and_then(Option::as_ref)
    }

    /// The weights of the layers with FiLM for `case`, kept or new.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn folded(&self, case: &Case) -> Result<Folds> {
        let key = (case.sigma.to_bits(), case.tables.map(f32::to_bits));
        let lock = || self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut folds = lock();
        if let Some(at) = folds.iter().position(|(kept, _)| *kept == key) {
            let entry = folds.remove(at);
            let found = Arc::clone(&entry.1);
            folds.push(entry);
            return Ok(found);
        }
        drop(folds);
        let made = Arc::new(self.fold(case)?);
        let mut folds = lock();
        if folds.len() == FOLDS_KEPT {
            folds.remove(0);
        }
        folds.push((key, Arc::clone(&made)));
        Ok(made)
    }

    fn fold(&self, case: &Case) -> Result<Vec<Packed>> {
        let e = self.embedding.forward(case);
        let fold = |film: &Film| {
            let (mut weight, mut bias) = read(&*self.source, &film.conv)?;
            fold(&mut weight, &mut bias, &film.modulation.forward(&e));
            Packed::new(sizes(&film.conv), self.arithmetic, &weight, bias)
        };
        self.films.iter().map(fold).collect()
    }
}

/// c1(x)·(1 + s) + b = (c1.weight·(1 + s))(x) + c1.bias·(1 + s) + b, for `film` = \[s, b\].
fn fold(weight: &mut [f32], bias: &mut [f32], film: &[f32]) {
    let (scales, shifts) = film.split_at(bias.len());
    let rows = weight.chunks_exact_mut((weight.len() / bias.len().max(1)).max(1));
    for (((row, bias), scale), shift) in rows.zip(bias).zip(scales).zip(shifts) {
        let gain = scale + 1.0;
        row.iter_mut().for_each(|weight| *weight *= gain);
        *bias = *bias * gain + shift;
    }
}

/// Its weights `[out, in, k, k]` and its bias.
fn read(source: &dyn TensorSource, conv: &Conv) -> Result<(Vec<f32>, Vec<f32>)> {
    let weight = floats(source, &format!("{}.weight", conv.key))?;
    Ok((weight, floats(source, &format!("{}.bias", conv.key))?))
}

/// A transposed convolution is packed as one of 1x1, which gives each pixel its four results.
fn pack(source: &dyn TensorSource, conv: &Conv, arithmetic: Arithmetic) -> Result<Packed> {
    let (weight, bias) = read(source, conv)?;
    match conv.kernel {
        Kernel::Doubling => {
            let weight = by_result(&weight, (conv.input, conv.output));
            Packed::new(sizes(conv), arithmetic, &weight, bias.repeat(4))
        }
        _ => Packed::new(sizes(conv), arithmetic, &weight, bias),
    }
}

/// `[in, out, 2, 2]` as `[2, 2, out, in]`.
fn by_result(weight: &[f32], (input, output): (usize, usize)) -> Vec<f32> {
    let results = (0..4).flat_map(|corner| (0..output).map(move |to| (corner, to)));
    let all = results.flat_map(|(corner, to)| {
        (0..input).map(move |from| weight[(from * output + to) * 4 + corner])
    });
    all.collect()
}

/// What oneDNN computes of `conv`.
fn sizes(conv: &Conv) -> Convolution {
    let (output, side, stride) = match conv.kernel {
        Kernel::Same => (conv.output, 3, 1),
        Kernel::Halving => (conv.output, 2, 2),
        Kernel::Doubling => (4 * conv.output, 1, 1),
    };
    Convolution {
        input: conv.input,
        output,
        side,
        stride,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    fn packing() -> (Net, Packing) {
        let nano = registry::get("nano").unwrap();
        let source = nano.checkpoint().unwrap();
        let net = nano.net(source.metadata()).unwrap();
        let packing = Packing::new(&net, Box::new(source), Arithmetic::F32).unwrap();
        (net, packing)
    }

    #[test]
    fn folded_weights_are_kept_and_the_oldest_goes() {
        let (_, packing) = packing();
        let case = |sigma| Case {
            sigma,
            tables: [0.5; LENGTH],
        };
        let made: Vec<Folds> = (1..=FOLDS_KEPT + 2)
            .map(|sigma| packing.folded(&case(sigma as f64)).unwrap())
            .collect();
        let folds = packing.folds.lock().unwrap();
        assert_eq!(folds.len(), FOLDS_KEPT);
        assert_eq!(folds[0].0.0, 3f64.to_bits());
        drop(folds);
        let again = packing.folded(&case(5.0)).unwrap();
        assert!(Arc::ptr_eq(&again, &made[4]));
    }

    #[test]
    fn a_head_is_packed_once_with_the_channels_that_it_sees() {
        let (net, packing) = packing();
        let blind = packing.head(&net, false).unwrap();
        assert_eq!(blind.sizes().input, net.entry.channels(false));
        let seeing = packing.head(&net, true).unwrap();
        assert_eq!(seeing.sizes().input, net.entry.channels(true));
        assert!(Arc::ptr_eq(&blind, &packing.head(&net, false).unwrap()));
    }

    #[test]
    fn film_scales_weights_and_bias_and_shifts() {
        let (mut weight, mut bias) = (vec![1.0, 2.0, 3.0, 4.0], vec![10.0, 20.0]);
        fold(&mut weight, &mut bias, &[1.0, -0.5, 0.25, 0.75]);
        assert_eq!(weight, [2.0, 4.0, 1.5, 2.0]);
        assert_eq!(bias, [20.25, 10.75]);
    }
}
