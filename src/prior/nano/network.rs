//! F: the layers of the nano network. Module path = checkpoint key.
//!
//! One scale, 1/4 of the resolution, on pixel-unshuffled input: a pixel there is a quarter of a
//! JPEG block, and which quarter it is comes in as four more channels, since a convolution
//! cannot know. Then residual blocks with FiLM from σ and the tables.

use tch::{Kind, Tensor};

use super::config::Config;
use crate::error::Result;
use crate::prior::edm::{Case, Core};
use crate::prior::film::{Block, Conv, Embedding};
use crate::prior::load::channels_last;
use crate::prior::weights::Weights;

/// Side in pixels of what becomes one.
const FOLD: i64 = 4;
/// Channels of three planes so folded.
const FOLDED: i64 = 3 * FOLD * FOLD;
/// Channels that say where in its 16 x 16 pixels a folded pixel is: two per direction.
const PLACE: i64 = 4;

/// The network, on one device, in one kind.
pub(super) struct Network {
    embedding: Embedding,
    head: Conv,
    head_hint: Conv,
    blocks: Vec<Block>,
    tail: Conv,
    one_call_sigma: f64,
    kind: Kind,
}

impl Network {
    /// Takes every tensor from `weights`, whose business faults are.
    ///
    /// # Errors
    /// libtorch's.
    pub fn load(config: &Config, weights: &mut dyn Weights, kind: Kind) -> Result<Self> {
        let (c, e) = (config.channels, config.embedding);
        let told = FOLDED + PLACE;
        Ok(Self {
            embedding: Embedding::load(weights, e)?,
            head: Conv::load(weights, "head", [c, FOLDED, 3, 3], kind),
            head_hint: Conv::load(weights, "headc", [c, told, 3, 3], kind),
            blocks: Block::several(weights, "mid", config.blocks, (c, e), kind),
            tail: Conv::load(weights, "tail", [FOLDED, c, 3, 3], kind),
            one_call_sigma: config.one_call_sigma,
            kind,
        })
    }

    /// `[N, C, H, W]` in the network's kind, channels_last.
    fn enter(&self, x: &Tensor) -> Result<Tensor> {
        Ok(channels_last(&x.f_to_kind(self.kind)?)?)
    }
}

/// +1 and -1 by the parity of the column, of the column's half, of the row and of the row's
/// half: `[1, 4, height, width]`. The origin is on a multiple of 16 pixels.
fn place(height: i64, width: i64) -> Result<Tensor> {
    let sign = |at: i64, half: i64| if at / half % 2 == 0 { 1.0f32 } else { -1.0 };
    let mut values = Vec::with_capacity((PLACE * height * width) as usize);
    for (half, across) in [(1, true), (2, true), (1, false), (2, false)] {
        for y in 0..height {
            values.extend((0..width).map(|x| sign(if across { x } else { y }, half)));
        }
    }
    Ok(Tensor::f_from_slice(&values)?.f_view([1, PLACE, height, width])?)
}

impl Core for Network {
    /// H and W multiples of 4.
    fn forward(&self, x: &Tensor, y: &Tensor, cases: &[Case]) -> Result<Tensor> {
        let e = self.embedding.forward(cases)?;
        let y = y.f_pixel_unshuffle(FOLD)?;
        let (count, _, height, width) = y.size4()?;
        let place = place(height, width)?.f_to_device(y.device())?;
        let place = place.f_expand([count, PLACE, height, width], false)?;
        let hint = self.enter(&Tensor::f_cat(&[y, place], 1)?)?;
        let mut a = self.head_hint.forward(&hint)?;
        // One call sees nothing in x: a sixteenth of the work is spared.
        if cases.iter().any(|case| case.sigma < self.one_call_sigma) {
            a = a.f_add(
                &self
                    .head
                    .forward(&self.enter(&x.f_pixel_unshuffle(FOLD)?)?)?,
            )?;
        } else {
            a = a.f_add(&self.head.resting()?)?;
        }
        let a = Block::run(&self.blocks, a, &e)?;
        let out = self.tail.forward(&a)?.f_pixel_shuffle(FOLD)?;
        Ok(out.f_to_kind(Kind::Float)?)
    }

    fn one_call_sigma(&self) -> f64 {
        self.one_call_sigma
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned: the four signs of a 4 x 4 field of folded pixels, 16 x 16 pixels of a picture.
    #[test]
    fn places_repeat_every_16_pixels() {
        let found = Vec::<f32>::try_from(place(4, 8).unwrap().view(-1)).unwrap();
        assert_eq!(found[..8], [1., -1., 1., -1., 1., -1., 1., -1.]);
        assert_eq!(found[32..40], [1., 1., -1., -1., 1., 1., -1., -1.]);
        let column = |plane: usize| [0, 1, 2, 3].map(|y: usize| found[32 * plane + 8 * y]);
        assert_eq!(column(2), [1., -1., 1., -1.]);
        assert_eq!(column(3), [1., 1., -1., -1.]);
    }
}
