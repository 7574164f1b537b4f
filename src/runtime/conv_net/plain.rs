//! A network of this project as one libtorch operator after another: for training, for CUDA, and as
//! the reference for the engine on a CPU.

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::runtime::conv_engine::ends::{PLACE, place};
use crate::runtime::conv_net::edm::{Case, Scales};
use crate::runtime::conv_net::layers::{Conv, Embedding, Linear};
use crate::runtime::conv_net::net::{Entry, Net};
use crate::runtime::pinned;
use crate::runtime::tensors::load::channels_last;
use crate::runtime::tensors::source::Weights;

/// A network F without the preconditioning.
pub trait Core: Send {
    /// F: `x`, `y` `[N, 3, H, W]` f32 to the same; one case, or one for each of the N.
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor>;

    /// From this σ on only the hint is used.
    fn one_call_sigma(&self) -> f64;
}

/// The estimate of x0 from `x` at the noise levels of `cases` and the hints `y`:
/// `[N, 3, H, W]` f32, H and W as the network wants them.
pub fn estimate(core: &dyn Core, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
    let scales: Vec<Scales> = cases
        .iter()
        .map(|case| Scales::of(case, core.one_call_sigma()))
        .collect();
    let by_case = |pick: fn(&Scales) -> f64| column(&scales, pick, x.device());
    let f = core.forward(&x.f_mul(&by_case(|s| s.input)?)?, y, cases)?;
    let base = x.f_mul(&by_case(|s| s.skip)?)?;
    let base = base.f_add(&y.f_mul(&by_case(|s| s.hint)?)?)?;
    Ok(base.f_add(&f.f_mul(&by_case(|s| s.output)?)?)?)
}

/// One number per case, `[N, 1, 1, 1]` f32.
fn column(scales: &[Scales], pick: fn(&Scales) -> f64, device: Device) -> Result<Tensor> {
    let values: Vec<f32> = scales.iter().map(|s| pick(s) as f32).collect();
    pinned::up(&values, &[-1, 1, 1, 1], device)
}

/// F of `net` with `weights`, which may be changing, in the arithmetic `kind`.
///
/// # Errors
/// libtorch's.
pub fn core(net: Net, weights: &mut dyn Weights, kind: Kind) -> Result<Box<dyn Core>> {
    Ok(Box::new(Plain::load(net, weights, kind)?))
}

/// F of a [`Net`], on one device, in one kind.
pub(crate) struct Plain {
    net: Net,
    embedding: Embedding,
    heads: [Conv; 2],
    layers: Vec<(Conv, Option<Linear>)>,
    kind: Kind,
}

impl Plain {
    /// The tensors of `net` from `weights`, which keeps account of those that do not fit.
    ///
    /// # Errors
    /// libtorch's.
    pub fn load(net: Net, weights: &mut dyn Weights, kind: Kind) -> Result<Self> {
        let embedding = Embedding::load(weights, &net)?;
        let heads = [0, 1].map(|n| Conv::load(weights, &net.heads[n], kind));
        let length = net.embedding as i64;
        let layers = net.layers.iter().map(|layer| {
            let conv = Conv::load(weights, &layer.conv, kind);
            let output = 2 * layer.conv.output as i64;
            let film = layer.film.as_ref();
            (
                conv,
                film.map(|key| Linear::load(weights, key, length, output)),
            )
        });
        Ok(Self {
            layers: layers.collect(),
            net,
            embedding,
            heads,
            kind,
        })
    }

    /// How pictures become the input.
    pub fn entry(&self) -> Entry {
        self.net.entry
    }

    /// Channels of the head's map.
    pub fn channels(&self) -> usize {
        self.net.heads[1].output
    }

    /// Makes its numbers wrong.
    #[cfg(test)]
    pub fn spoil(&self) {
        self.heads[1].spoil();
    }

    /// `[N, 3, H, W]` f32, unshuffled, in the network's kind, channels_last.
    fn enter(&self, picture: &Tensor, place: bool) -> Result<Tensor> {
        let mut x = picture.f_pixel_unshuffle(self.net.entry.fold as i64)?;
        if place {
            let (count, _, height, width) = x.size4()?;
            let place = places(height, width, x.device())?;
            let place = place.f_expand([count, PLACE as i64, height, width], false)?;
            x = Tensor::f_cat(&[x, place], 1)?;
        }
        Ok(channels_last(&x.f_to_kind(self.kind)?)?)
    }

    /// Map 1.
    fn head(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let [of_x, of_hint] = &self.heads;
        let hint = of_hint.forward(&self.enter(y, self.net.entry.place)?)?;
        // In the one-call case x is ignored, which saves its convolution.
        match cases
            .iter()
            .any(|case| case.sigma < self.net.one_call_sigma)
        {
            true => Ok(of_x.forward(&self.enter(x, false)?)?.f_add(&hint)?),
            false => Ok(hint.f_add(&of_x.resting()?)?),
        }
    }

    /// \[s, b\] of a layer, for `x · (1 + s) + b`, `[N or 1, channels, 1, 1]` each.
    fn modulation(&self, film: &Linear, e: &Tensor) -> Result<[Tensor; 2]> {
        let film = film.forward(e)?.f_to_kind(self.kind)?;
        let film = film.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let parts = film.f_chunk(2, 1)?;
        Ok([parts[0].f_add_scalar(1.0)?, parts[1].shallow_clone()])
    }

    /// The last use of each map: the index of a layer.
    fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![0; self.net.layers.len() + Net::HEAD + 1];
        for (index, layer) in self.net.layers.iter().enumerate() {
            for map in [Some(layer.from), layer.onto].into_iter().flatten() {
                last[map] = index;
            }
        }
        last
    }
}

impl Core for Plain {
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let e = self.embedding.forward(cases)?;
        let mut maps = vec![None, Some(self.head(x, y, cases)?)];
        let last = self.last_uses();
        for (index, layer) in self.net.layers.iter().enumerate() {
            let (conv, film) = &self.layers[index];
            let mut made = conv.forward(held(&maps, layer.from)?)?;
            if let Some(film) = film {
                let [gain, offset] = self.modulation(film, &e)?;
                made = made.f_mul(&gain)?.f_add_(&offset)?.f_relu_()?;
            }
            if let Some(onto) = layer.onto {
                made = made.f_add_(held(&maps, onto)?)?;
            }
            for map in [Some(layer.from), layer.onto].into_iter().flatten() {
                if last[map] == index {
                    maps[map] = None;
                }
            }
            maps.push(Some(made));
        }
        let out = held(&maps, maps.len() - 1)?;
        let out = out.f_pixel_shuffle(self.net.entry.fold as i64)?;
        Ok(out.f_to_kind(Kind::Float)?)
    }

    fn one_call_sigma(&self) -> f64 {
        self.net.one_call_sigma
    }
}

fn held(maps: &[Option<Tensor>], map: usize) -> Result<&Tensor> {
    let gone = || Error::Backend(format!("map {map} is gone"));
    maps.get(map).and_then(Option::as_ref).ok_or_else(gone)
}

/// [`place`] of every pixel of a map, `[1, 4, height, width]`.
fn places(height: i64, width: i64, device: Device) -> Result<Tensor> {
    let pixels = (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (x, y)));
    let values: Vec<f32> = pixels.flat_map(|(x, y)| place(x, y)).collect();
    let pixels = pinned::up(&values, &[1, height, width, PLACE as i64], device)?;
    Ok(pixels.f_permute([0, 3, 1, 2])?)
}
