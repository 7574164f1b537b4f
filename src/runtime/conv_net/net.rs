//! A network of this project as data: its convolutions by the keys of its checkpoint, and how they
//! are connected. Everything that runs, trains or exports one reads this description.
//!
//! Maps are numbered: 0 is the input, 1 the result of the head, and each layer after it makes the
//! next. Written by `lean` and `nano`.

use crate::frame::Rect;
use crate::runtime::conv_net::conditioning;
use crate::runtime::tensors::shapes::Shapes;

/// How pictures become the input of a network: x, if it is used, the hint, and the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How many pixels become one, in either direction: 2 or 4.
    pub fold: usize,
    /// Whether the position of a pixel is part of the input.
    pub place: bool,
}

/// What a convolution does to the size of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 3x3: it stays.
    Same,
    /// 2x2 of stride 2: it is halved.
    Halving,
    /// 2x2, transposed: it is doubled.
    Doubling,
}

/// One convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// `KEY.weight` and `KEY.bias` are its tensors.
    pub key: String,
    /// Channels of its input.
    pub input: usize,
    /// Channels of its result.
    pub output: usize,
    /// Its kernel.
    pub kernel: Kernel,
}

/// One layer after the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What it computes.
    pub conv: Conv,
    /// `KEY.weight` and `KEY.bias` of the FiLM of its result, which ReLU follows: for the first
    /// convolution of a block.
    pub film: Option<String>,
    /// The map that it reads.
    pub from: usize,
    /// The map to which its result is added.
    pub onto: Option<usize>,
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// How pictures become its input.
    pub entry: Entry,
    /// Length of the embedding of σ and tables.
    pub embedding: usize,
    /// The convolutions of x and of the hint whose sum is map 1.
    pub heads: [Conv; 2],
    /// The layers after the head, in the order in which they run.
    pub layers: Vec<Layer>,
    /// From this σ on x is ignored.
    pub one_call_sigma: f64,
}

/// Channels for the position of a folded pixel in its 16 x 16 pixels: two per direction.
pub(crate) const PLACE: usize = 4;

impl Entry {
    /// Channels that one picture becomes.
    pub fn folded(self) -> usize {
        3 * self.fold * self.fold
    }

    /// Channels for the position.
    pub fn places(self) -> usize {
        if self.place { PLACE } else { 0 }
    }

    /// Channels of the input: with x, or without.
    pub fn channels(self, sees: bool) -> usize {
        let pictures = if sees { 2 } else { 1 };
        pictures * self.folded() + self.places()
    }

    /// Width and height of the map that `size` pixels become.
    pub fn map_size(self, size: (usize, usize)) -> (usize, usize) {
        (size.0 / self.fold, size.1 / self.fold)
    }

    /// The pixels of the map that hold `rect` of the picture.
    pub fn in_map(self, rect: Rect) -> Rect {
        let (x, y) = (rect.x / self.fold, rect.y / self.fold);
        Rect {
            x,
            y,
            width: (rect.x + rect.width).div_ceil(self.fold) - x,
            height: (rect.y + rect.height).div_ceil(self.fold) - y,
        }
    }
}

impl Conv {
    /// A convolution `key` from `input` to `output` channels.
    pub fn new(key: &str, kernel: Kernel, (input, output): (usize, usize)) -> Self {
        Self {
            key: key.to_owned(),
            input,
            output,
            kernel,
        }
    }

    /// `[out, in, k, k]`, transposed ones `[in, out, k, k]`.
    pub fn shape(&self) -> [i64; 4] {
        let (input, output) = (self.input as i64, self.output as i64);
        match self.kernel {
            Kernel::Same => [output, input, 3, 3],
            Kernel::Halving => [output, input, 2, 2],
            Kernel::Doubling => [input, output, 2, 2],
        }
    }

    /// Number of its weights.
    pub fn weights(&self) -> usize {
        self.shape().iter().product::<i64>() as usize
    }
}

impl Net {
    /// The number of the head's map.
    pub const HEAD: usize = 1;

    /// A network of which the head is there: 3x3 convolutions `head` of x and `headc` of the hint.
    pub fn new(entry: Entry, channels: usize, embedding: usize, one_call_sigma: f64) -> Self {
        let head = |key, place| {
            let input = entry.folded() + if place { entry.places() } else { 0 };
            Conv::new(key, Kernel::Same, (input, channels))
        };
        Self {
            entry,
            embedding,
            heads: [head("head", false), head("headc", true)],
            layers: Vec::new(),
            one_call_sigma,
        }
    }

    /// Adds `conv` of the map `from`. Returns the number of its map.
    pub fn conv(&mut self, conv: Conv, from: usize) -> usize {
        self.push(conv, None, (from, None))
    }

    /// Adds the map `onto` plus `conv` of the map `from`.
    pub fn conv_onto(&mut self, onto: usize, conv: Conv, from: usize) -> usize {
        self.push(conv, None, (from, Some(onto)))
    }

    /// Adds `count` residual blocks `key.0`, `key.1`, … on the map `from`:
    /// x + c2(relu(c1(x) · (1 + s) + b)), \[s, b\] = film(embedding).
    pub fn blocks(&mut self, key: &str, count: usize, channels: usize, from: usize) -> usize {
        (0..count).fold(from, |from, n| {
            let conv = |part| {
                let key = format!("{key}.{n}.{part}");
                Conv::new(&key, Kernel::Same, (channels, channels))
            };
            let film = Some(format!("{key}.{n}.film"));
            let inner = self.push(conv("c1"), film, (from, None));
            self.conv_onto(from, conv("c2"), inner)
        })
    }

    fn push(&mut self, conv: Conv, film: Option<String>, ends: (usize, Option<usize>)) -> usize {
        self.layers.push(Layer {
            conv,
            film,
            from: ends.0,
            onto: ends.1,
        });
        Self::HEAD + self.layers.len()
    }

    /// Whether `layer` is the second convolution of a block.
    pub fn is_second(&self, layer: &Layer) -> bool {
        let before = layer.from.checked_sub(Self::HEAD + 1);
        let before = before.and_then(|index| self.layers.get(index));
        before.is_some_and(|before| before.film.is_some() && layer.onto == Some(before.from))
    }

    /// The second convolution of the block that `first` begins.
    pub fn second_of(&self, first: &Layer) -> Option<&Layer> {
        let index = self.layers.iter().position(|layer| layer == first)?;
        let next = self.layers.get(index + 1)?;
        (next.from == index + Self::HEAD + 1 && self.is_second(next)).then_some(next)
    }

    /// The layers that are no part of a block, but for the last, with their indices.
    pub fn singles(&self) -> impl Iterator<Item = (usize, &Layer)> {
        let inner = self.layers.len().saturating_sub(1);
        let layers = self.layers.iter().enumerate().take(inner);
        layers.filter(|(_, layer)| layer.film.is_none() && !self.is_second(layer))
    }

    /// Names and shapes of its tensors.
    pub fn shapes(&self) -> Shapes {
        let mut shapes = Shapes::new();
        let mut add = |key: &str, weight: Vec<i64>, output: usize| {
            shapes.insert(format!("{key}.weight"), weight);
            shapes.insert(format!("{key}.bias"), vec![output as i64]);
        };
        let layers = self.layers.iter().map(|layer| &layer.conv);
        for conv in self.heads.iter().chain(layers) {
            add(&conv.key, conv.shape().to_vec(), conv.output);
        }
        for layer in &self.layers {
            if let Some(film) = &layer.film {
                let output = 2 * layer.conv.output;
                add(film, vec![output as i64, self.embedding as i64], output);
            }
        }
        for (key, input, output) in self.embeddings() {
            add(key, vec![output as i64, input as i64], output);
        }
        shapes
    }

    /// The fully connected layers of the embedding: key, inputs, outputs.
    pub fn embeddings(&self) -> [(&'static str, usize, usize); 3] {
        let length = self.embedding;
        [
            ("emb.0", length, 2 * length),
            ("emb.2", 2 * length, length),
            ("qe", conditioning::LENGTH, length),
        ]
    }
}
