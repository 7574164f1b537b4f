//! The weights of a network in oneDNN's order, with FiLM folded into them.
//!
//! σ and the tables are the same for all pixels of a call, so FiLM's scale and shift are applied to
//! a convolution's weights and bias, in f32. Folded weights are kept for the next call with the same
//! σ and tables; what they are folded from is read from the checkpoint again. Called by `engine`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::weights::eight::{Block, Plain, Rounding, Single};
use crate::runtime::conv_engine::weights::peaks::Peaks;
use crate::runtime::conv_net::conditioning::LENGTH;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::embedding::{Embedding, Linear};
use crate::runtime::conv_net::net::{Conv, Kernel, Net};
use crate::runtime::onednn::{Convolution, End, Packed};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::floats;

/// How many sets of folded weights are kept: more than the number of steps in presets of few calls.
const FOLDS_KEPT: usize = 8;

/// σ and tables, as bits, and whether blocks are in eight bits.
type Key = (u64, [u32; LENGTH], bool);

/// Packed weights of the layers with FiLM, in their order.
type Folds = Arc<Vec<Arc<Packed>>>;

/// Weights that are packed at their first use.
type Lazy = Mutex<Option<Arc<Packed>>>;

/// The weights of a network.
pub(crate) struct Packing {
    arithmetic: Arithmetic,
    source: Box<dyn TensorSource>,
    embedding: Embedding,
    /// For the hint only, and for x and the hint.
    heads: [Lazy; 2],
    /// Of the layers without FiLM, by the number of the layer.
    fixed: Vec<Lazy>,
    /// Those that are no part of a block, in eight bits, likewise.
    singles: Vec<Option<Single>>,
    films: Vec<Film>,
    folds: Mutex<Vec<(Key, Folds)>>,
}

/// A layer with FiLM.
struct Film {
    conv: Conv,
    modulation: Linear,
    /// The block that it begins, in eight bits.
    eight: Option<Block>,
}

/// One layer as it is computed.
#[derive(Clone)]
pub(crate) struct Ready {
    /// Its weights.
    pub packed: Arc<Packed>,
    /// What becomes of its result.
    pub end: End,
    /// How its input is rounded to bytes as it is read.
    pub rounding: Option<Arc<Rounding>>,
}

impl Packing {
    /// Reads what does not depend on σ and the tables. With `peaks` all but the first and the last
    /// convolution are also packed in eight bits, as far as they are there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] for a tensor that cannot be read, [`crate::Error::Backend`] if
    /// oneDNN has no such convolution on this CPU.
    pub fn new(
        net: &Net,
        source: Box<dyn TensorSource>,
        arithmetic: Arithmetic,
        peaks: Option<&Peaks>,
    ) -> Result<Self> {
        let embedding = Embedding::read(&*source, net)?;
        let mut films = Vec::new();
        for layer in &net.layers {
            let Some(key) = &layer.film else { continue };
            let peak = peaks.and_then(|peaks| peaks.blocks.get(films.len()));
            films.push(Film {
                conv: layer.conv.clone(),
                modulation: Linear::read(&*source, key)?,
                eight: match (peak, net.second_of(layer)) {
                    (Some(peak), Some(second)) => {
                        let pair = [&layer.conv, &second.conv];
                        let plain = |n: usize| read(&*source, pair[n]);
                        Some(Block::new(pair.map(sizes), arithmetic, plain, peak)?)
                    }
                    _ => None,
                },
            });
        }
        let mut singles: Vec<Option<Single>> = net.layers.iter().map(|_| None).collect();
        let inputs = peaks.map_or(&[][..], |peaks| &peaks.singles);
        for ((index, layer), peaks) in net.singles().zip(inputs) {
            let (sizes, plain) = by_result(&*source, &layer.conv)?;
            singles[index] = Some(Single::new(sizes, arithmetic, plain, peaks)?);
        }
        Ok(Self {
            arithmetic,
            embedding,
            heads: Default::default(),
            singles,
            fixed: net.layers.iter().map(|_| Lazy::default()).collect(),
            films,
            folds: Mutex::default(),
            source,
        })
    }

    /// All layers of `net` for `case`, the head first; `sees`: for x and the hint, else for the hint
    /// only, in eight bits as far as they are packed so.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn layers(&self, net: &Net, case: &Case, sees: bool) -> Result<Vec<Ready>> {
        let folds = self.folded(case, !sees)?;
        let mut ready = vec![Ready {
            packed: self.head(net, sees)?,
            end: End::Plain,
            rounding: None,
        }];
        let mut film = 0;
        for (index, layer) in net.layers.iter().enumerate() {
            // Of the block that this layer begins, or whose first layer it reads.
            let block = |number: usize| {
                let eight = self.films.get(number)?.eight.as_ref()?;
                (!sees).then_some(eight)
            };
            if layer.film.is_some() {
                ready.push(Ready {
                    packed: Arc::clone(&folds[film]),
                    end: End::Relu,
                    rounding: block(film).map(|block| Arc::clone(&block.rounding)),
                });
                film += 1;
                continue;
            }
            let second = film
                .checked_sub(1)
                .filter(|_| net.is_second(layer))
                .and_then(block);
            let single = self.singles[index].as_ref().filter(|_| !sees);
            ready.push(Ready {
                packed: match (second, single) {
                    (Some(block), _) => Arc::clone(&block.second),
                    (None, Some(single)) => Arc::clone(&single.packed),
                    (None, None) => self.fixed(index, &layer.conv)?,
                },
                end: match layer.onto {
                    Some(_) if layer.conv.kernel != Kernel::Doubling => End::Sum,
                    _ => End::Plain,
                },
                rounding: single.map(|single| Arc::clone(&single.rounding)),
            });
        }
        Ok(ready)
    }

    fn head(&self, net: &Net, sees: bool) -> Result<Arc<Packed>> {
        once(&self.heads[usize::from(sees)], || {
            self.pack_head(&net.heads, sees)
        })
    }

    fn fixed(&self, index: usize, conv: &Conv) -> Result<Arc<Packed>> {
        once(&self.fixed[index], || {
            pack(&*self.source, conv, self.arithmetic)
        })
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

    /// The weights of the layers with FiLM for `case`, kept or new.
    fn folded(&self, case: &Case, eight: bool) -> Result<Folds> {
        let key = (case.sigma.to_bits(), case.tables.map(f32::to_bits), eight);
        let lock = || self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut folds = lock();
        if let Some(at) = folds.iter().position(|(kept, _)| *kept == key) {
            let entry = folds.remove(at);
            let found = Arc::clone(&entry.1);
            folds.push(entry);
            return Ok(found);
        }
        drop(folds);
        let made = Arc::new(self.fold(case, eight)?);
        let mut folds = lock();
        if folds.len() == FOLDS_KEPT {
            folds.remove(0);
        }
        folds.push((key, Arc::clone(&made)));
        Ok(made)
    }

    fn fold(&self, case: &Case, eight: bool) -> Result<Vec<Arc<Packed>>> {
        let e = self.embedding.forward(case);
        let fold = |film: &Film| {
            let modulation = film.modulation.forward(&e);
            if let Some(block) = film.eight.as_ref().filter(|_| eight) {
                return Ok(Arc::new(block.first(&modulation)?));
            }
            let (mut weight, mut bias) = read(&*self.source, &film.conv)?;
            fold(&mut weight, &mut bias, &modulation);
            Packed::new(sizes(&film.conv), self.arithmetic, &weight, bias).map(Arc::new)
        };
        self.films.iter().map(fold).collect()
    }
}

/// What `lazy` holds, made at the first use.
fn once(lazy: &Lazy, make: impl FnOnce() -> Result<Packed>) -> Result<Arc<Packed>> {
    let mut kept = lazy.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(packed) = &*kept {
        return Ok(Arc::clone(packed));
    }
    let made = Arc::new(make()?);
    *kept = Some(Arc::clone(&made));
    Ok(made)
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
fn read(source: &dyn TensorSource, conv: &Conv) -> Result<Plain> {
    let weight = floats(source, &format!("{}.weight", conv.key))?;
    Ok((weight, floats(source, &format!("{}.bias", conv.key))?))
}

fn pack(source: &dyn TensorSource, conv: &Conv, arithmetic: Arithmetic) -> Result<Packed> {
    let (sizes, (weight, bias)) = by_result(source, conv)?;
    Packed::new(sizes, arithmetic, &weight, bias)
}

/// Weights and bias as oneDNN computes them: a transposed convolution is one of 1x1, which gives each
/// pixel its four results.
fn by_result(source: &dyn TensorSource, conv: &Conv) -> Result<(Convolution, Plain)> {
    let (weight, bias) = read(source, conv)?;
    let plain = match conv.kernel {
        Kernel::Doubling => (
            transposed(&weight, (conv.input, conv.output)),
            bias.repeat(4),
        ),
        _ => (weight, bias),
    };
    Ok((sizes(conv), plain))
}

/// `[in, out, 2, 2]` as `[2, 2, out, in]`.
fn transposed(weight: &[f32], (input, output): (usize, usize)) -> Vec<f32> {
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
        let packing = Packing::new(&net, Box::new(source), Arithmetic::F32, None).unwrap();
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
            .map(|sigma| packing.folded(&case(sigma as f64), true).unwrap())
            .collect();
        let folds = packing.folds.lock().unwrap();
        assert_eq!(folds.len(), FOLDS_KEPT);
        assert_eq!(folds[0].0.0, 3f64.to_bits());
        drop(folds);
        let again = packing.folded(&case(5.0), true).unwrap();
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
