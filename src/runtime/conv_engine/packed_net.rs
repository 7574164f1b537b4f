//! A network of this project for a CPU, in bf16 or f32: packed weights, FiLM folded into them, ReLU
//! and residuals fused into the convolutions.
//!
//! It is built from the plain network in f32 and tested against it; folded weights are kept for the
//! next call with the same σ and tables. Called by `engine` and `kept_maps`.

use std::cell::{Ref, RefCell};

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::conv_engine::doubling::Grow;
use crate::runtime::conv_engine::ends::Entry;
use crate::runtime::conv_engine::folded::{Target, pack, pack_first, pack_heads};
use crate::runtime::conv_engine::region::{Link, Scale};
use crate::runtime::conv_net::conditioning::LENGTH;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::layers::Conv;
use crate::runtime::conv_net::wiring::{Layer, Weights, Wired, Wiring};
use crate::runtime::native::packed::PackedConv;

/// How many sets of folded weights are kept: more than the number of steps in presets of few calls.
const FOLDS_KEPT: usize = 8;

/// Side in pixels of the pictures that weights are packed for; others work too.
const TYPICAL_PX: usize = 512;

/// σ and tables, as bits.
type Told = (u64, [u32; LENGTH]);

/// Packed weights: those that FiLM does not change, and the most recently folded ones.
pub(crate) struct Fast {
    /// How pictures become the input.
    pub entry: Entry,
    /// How the layers are connected, the head first.
    pub links: Vec<Link>,
    /// The kind of maps and weights.
    pub kind: Kind,
    /// For the hint only, and for x and the hint.
    heads: [PackedConv; 2],
    kernels: Vec<Kernel>,
    /// Sides of the maps that layers are packed for, the head's first.
    sides: Vec<i64>,
    folds: RefCell<Vec<(Told, Vec<PackedConv>)>>,
}

/// What a layer after the head computes.
enum Kernel {
    Packed(PackedConv),
    /// The convolution of this number in a fold, and ReLU.
    Folded(usize),
    /// A transposed convolution, added to another map.
    Grow(Grow),
}

impl Fast {
    /// Packs what can be packed of `network`, which must be f32 on the CPU, in `kind`.
    ///
    /// # Errors
    /// [`Error::Backend`] when oneDNN has no such convolutions here.
    pub fn of<N: Wired>(network: &N, kind: Kind) -> Result<Self> {
        let (entry, layers) = (network.entry(), network.wiring().layers);
        let (links, sides) = links(network, &layers);
        let mut folded = 0..;
        let kernels = layers.iter().zip(&sides[1..]).map(|(layer, &side)| {
            Ok(match layer.weights {
                Weights::First(_) => Kernel::Folded(folded.next().unwrap_or_default()),
                Weights::Plain(conv) if conv.doubles() => {
                    Kernel::Grow(Grow::of(conv, Target { kind, side })?)
                }
                Weights::Plain(conv) => Kernel::Packed(pack(conv, Target { kind, side })?),
            })
        });
        let kernels = kernels.collect::<Result<_>>()?;
        let side = sides[0];
        let head = |sees| pack_heads(network.heads(), sees, Target { kind, side });
        Ok(Self {
            entry,
            links,
            kind,
            heads: [head(false)?, head(true)?],
            kernels,
            sides,
            folds: RefCell::default(),
        })
    }

    /// The layers for `case`, with or without x; `network` is the one that this was built from.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn told<N: Wired>(&self, network: &N, case: Case, sees: bool) -> Result<Run<'_>> {
        Ok(Run {
            fast: self,
            head: &self.heads[usize::from(sees)],
            folded: self.fold(network, case)?,
        })
    }

    /// The first convolutions of all blocks for `case`, kept or new.
    fn fold<N: Wired>(&self, network: &N, case: Case) -> Result<Ref<'_, Vec<PackedConv>>> {
        let told = (case.sigma.to_bits(), case.tables.map(f32::to_bits));
        let found = self.folds.borrow().iter().position(|(key, _)| *key == told);
        let entry = match found {
            Some(at) => self.folds.borrow_mut().remove(at),
            None => (told, self.fold_anew(network, case)?),
        };
        let mut folds = self.folds.borrow_mut();
        if folds.len() == FOLDS_KEPT {
            folds.remove(0);
        }
        folds.push(entry);
        drop(folds);
        let last = |folds: &Vec<(Told, Vec<PackedConv>)>| folds.len() - 1;
        Ok(Ref::map(self.folds.borrow(), |folds| &folds[last(folds)].1))
    }

    fn fold_anew<N: Wired>(&self, network: &N, case: Case) -> Result<Vec<PackedConv>> {
        let (e, kind) = (network.told(case)?, self.kind);
        let layers = network.wiring().layers;
        let blocks = layers.iter().zip(&self.sides[1..]);
        let folded = blocks.filter_map(|(layer, &side)| match layer.weights {
            Weights::First(block) => Some(pack_first(block, &e, Target { kind, side })),
            Weights::Plain(_) => None,
        });
        folded.collect()
    }
}

/// The geometry of `layers` and of the head before them, and the sides that they are packed
/// for.
fn links<N: Wired>(network: &N, layers: &[Layer<'_>]) -> (Vec<Link>, Vec<i64>) {
    let entry = network.entry();
    let [_, head] = network.heads();
    let mut pitches = vec![entry.fold; 2];
    let mut links = vec![link(head, 0, None)];
    let mut sides = vec![(TYPICAL_PX / entry.fold) as i64];
    for layer in layers {
        let conv = match layer.weights {
            Weights::Plain(conv) => conv,
            Weights::First(block) => &block.c1,
        };
        let link = link(conv, layer.from, layer.onto);
        let pitch = pitches[layer.from];
        sides.push((TYPICAL_PX / pitch) as i64);
        pitches.push(match link.scale {
            Scale::Same => pitch,
            Scale::Halved => 2 * pitch,
            Scale::Doubled => pitch / 2,
        });
        links.push(link);
    }
    (links, sides)
}

fn link(conv: &Conv, from: usize, onto: Option<usize>) -> Link {
    let scale = match (conv.doubles(), conv.stride) {
        (true, _) => Scale::Doubled,
        (false, 2) => Scale::Halved,
        (false, _) => Scale::Same,
    };
    Link {
        from,
        onto,
        scale,
        channels: conv.bias.numel(),
        pixel_macs: conv.weight.numel(),
    }
}

/// The layers for one case.
pub(crate) struct Run<'a> {
    fast: &'a Fast,
    head: &'a PackedConv,
    folded: Ref<'a, Vec<PackedConv>>,
}

/// Whether a map includes the pixels around it, or is surrounded by zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// It is a whole map: its border is that of the picture.
    Zeros,
    /// It is a part of a larger one, including the margin that the layer needs.
    Own,
}

impl Run<'_> {
    /// How pictures become the input.
    pub fn entry(&self) -> Entry {
        self.fast.entry
    }

    /// The kind of the maps.
    pub fn kind(&self) -> Kind {
        self.fast.kind
    }

    /// How the layers are connected, the head first.
    pub fn links(&self) -> &[Link] {
        &self.fast.links
    }

    /// The result of layer `index` (0 is the head) for `x`, added to `sum` if there is one. There
    /// must be no other handle on `sum`.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn layer(
        &self,
        index: usize,
        x: &Tensor,
        sum: Option<Tensor>,
        frame: Frame,
    ) -> Result<Tensor> {
        let (conv, relu) = match index.checked_sub(Wiring::HEAD) {
            None => (self.head, false),
            Some(at) => match &self.fast.kernels[at] {
                Kernel::Packed(conv) => (conv, false),
                Kernel::Folded(at) => (&self.folded[*at], true),
                Kernel::Grow(grow) => {
                    let sum =
                        sum.ok_or_else(|| Error::Backend(format!("layer {index} has no sum")))?;
                    // SAFETY: this function requires that there is no other handle on it.
                    return unsafe { grow.add_to(sum, x) };
                }
            },
        };
        let bare;
        let conv = match frame {
            Frame::Zeros => conv,
            Frame::Own => {
                bare = conv.unpadded();
                &bare
            }
        };
        match sum {
            Some(sum) => conv.add_to(&sum, x).map(|()| sum),
            None if relu => conv.forward_relu(x),
            None => conv.forward(x),
        }
    }

    /// F of `input`, which [`Entry::enter`] makes: the last map, before the shuffle. Maps are
    /// overwritten and freed as soon as no layer needs them.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn whole(&self, input: Tensor) -> Result<Tensor> {
        let links = &self.fast.links;
        let mut maps = vec![Some(input)];
        for (index, link) in links.iter().enumerate() {
            let needed = |map: usize| {
                let mut later = links[index + 1..].iter();
                later.any(|l| l.from == map || l.onto == Some(map))
            };
            let sum = match link.onto {
                Some(map) if needed(map) => Some(copy(held(&maps, map)?)?),
                Some(map) => maps[map].take(),
                None => None,
            };
            let out = self.layer(index, held(&maps, link.from)?, sum, Frame::Zeros)?;
            if !needed(link.from) {
                maps[link.from] = None;
            }
            maps.push(Some(out));
        }
        let last = maps.pop().flatten();
        last.ok_or_else(|| Error::Backend("a network without layers".into()))
    }
}

fn held(maps: &[Option<Tensor>], map: usize) -> Result<&Tensor> {
    maps[map]
        .as_ref()
        .ok_or_else(|| Error::Backend(format!("map {map} is gone")))
}

/// The same numbers in the same order, in memory of their own.
fn copy(x: &Tensor) -> Result<Tensor> {
    let mut out = x.f_empty_like()?;
    out.f_copy_(x)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lean::tests::network;
    use crate::runtime::native::channels_last::is_channels_last;
    use tch::Device;

    fn case(sigma: f64) -> Case {
        let tables = [0.5; LENGTH];
        Case { sigma, tables }
    }

    fn input(channels: i64, kind: Kind) -> Tensor {
        let flat = Tensor::randn([1, 32, 40, channels], (kind, Device::Cpu));
        flat.permute([0, 3, 1, 2])
    }

    /// If a result were in another order, the next layer would silently reorder it.
    #[test]
    fn every_layer_keeps_channels_last() {
        tch::no_grad(|| {
            let network = network();
            let forms = [Kind::BFloat16, Kind::Float].map(|kind| Fast::of(&network, kind).unwrap());
            let cases = [(0.3, true), (20.0, false)];
            for (fast, (sigma, sees)) in forms.iter().flat_map(|f| cases.map(|case| (f, case))) {
                let run = fast.told(&network, case(sigma), sees).unwrap();
                let mut maps = vec![input(fast.entry.channels(sees) as i64, fast.kind)];
                for (index, link) in fast.links.iter().enumerate() {
                    let sum = link.onto.map(|map| copy(&maps[map]).unwrap());
                    let x = &maps[link.from];
                    let made = run.layer(index, x, sum, Frame::Zeros).unwrap();
                    let (size, stride) = (made.size(), made.stride());
                    assert!(
                        is_channels_last(&made),
                        "layer {index}: {size:?} {stride:?}"
                    );
                    maps.push(made);
                }
                let last = maps.pop().unwrap();
                let whole = run.whole(maps.swap_remove(0)).unwrap();
                assert!(
                    whole.equal(&last),
                    "a map is overwritten or let go too soon"
                );
            }
        });
    }

    #[test]
    fn folded_weights_are_kept_and_the_oldest_goes() {
        tch::no_grad(|| {
            let network = network();
            let fast = Fast::of(&network, Kind::BFloat16).unwrap();
            let mut seen = Vec::new();
            for sigma in 1..=FOLDS_KEPT + 2 {
                let fold = fast.fold(&network, case(sigma as f64)).unwrap();
                seen.push(fold.as_ptr());
            }
            let folds = fast.folds.borrow();
            assert_eq!(folds.len(), FOLDS_KEPT);
            assert_eq!(folds[0].0.0, 3f64.to_bits());
            drop(folds);
            let again = fast.fold(&network, case(5.0)).unwrap();
            assert_eq!(again.as_ptr(), seen[4]);
        });
    }
}
