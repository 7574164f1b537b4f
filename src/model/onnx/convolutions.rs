//! F of a [`Net`] as nodes of the graph: the heads, and the layers after them.
//!
//! A head folds its pixels by its own stride, since a 3x3 convolution of a map of folded pixels is
//! one of 3·fold pixels on a side of the picture itself. So the graph has no operator whose order of
//! channels differs between runtimes, but for the pixel-shuffle at the end.

use crate::error::Result;
use crate::model::onnx::conditions::{Term, fully_connected};
use crate::model::onnx::graph::{Attribute, Graph};
use crate::runtime::conv_engine::ends::place;
use crate::runtime::conv_net::embedding::Linear;
use crate::runtime::conv_net::net::{Conv, Kernel, Layer, Net, PLACE};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::floats;

/// Pixels of a map after which the position repeats.
const PERIOD: usize = 4;

/// Where the tensors come from, and the graph that they go to.
pub(crate) struct Convolutions<'a> {
    pub source: &'a dyn TensorSource,
    pub net: &'a Net,
    pub graph: &'a mut Graph,
}

/// Numbers of a convolution: weights `[out, in, k, k]` (transposed: `[in, out, k, k]`), bias.
struct Tensors {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolutions<'_> {
    /// F: the picture `y` and, if it is seen, `x` times its gain, to a picture. `e` is the embedding.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if a tensor cannot be read.
    pub fn forward(&mut self, x: Option<&str>, y: &str, e: &Term<Vec<f32>>) -> Result<String> {
        let mut maps = vec![String::new(), self.head(x, y)?];
        for layer in &self.net.layers {
            let made = self.layer(layer, &maps[layer.from], e)?;
            maps.push(match layer.onto {
                Some(onto) => self.graph.node("Add", &[&maps[onto], &made]),
                None => made,
            });
        }
        let out = maps.pop().unwrap_or_default();
        let shuffle = [
            ("blocksize", Attribute::Int(self.net.entry.fold as i64)),
            ("mode", Attribute::Text("CRD")),
        ];
        Ok(self.graph.node_with("DepthToSpace", &[&out], &shuffle))
    }

    /// Map 1. Without x its head gives its bias, which joins that of the hint's.
    fn head(&mut self, x: Option<&str>, y: &str) -> Result<String> {
        let [of_x, of_hint] = &self.net.heads;
        let (seen, mut hint) = (self.read(of_x)?, self.read(of_hint)?);
        let biases = hint.bias.iter_mut().zip(&seen.bias);
        biases.for_each(|(hint, seen)| *hint += seen);
        let mut map = self.folding(of_hint, &hint, y);
        if let Some(x) = x {
            let bias = vec![0.0; of_x.output];
            let of_x = self.folding(of_x, &Tensors { bias, ..seen }, x);
            map = self.graph.node("Add", &[&map, &of_x]);
        }
        if self.net.entry.place {
            let places = self.places(of_hint, &hint.weight, y);
            map = self.graph.node("Add", &[&map, &places]);
        }
        Ok(map)
    }

    /// The head `conv` on the picture itself.
    fn folding(&mut self, conv: &Conv, tensors: &Tensors, picture: &str) -> String {
        let fold = self.net.entry.fold;
        let side = 3 * fold;
        let mut weight = Vec::with_capacity(conv.output * 3 * side * side);
        for out in tensors.weight.chunks_exact(conv.input * 9) {
            for at in 0..3 * side * side {
                let (c, row, column) = (at / (side * side), at / side % side, at % side);
                let channel = fold * fold * c + fold * (row % fold) + column % fold;
                weight.push(out[9 * channel + 3 * (row / fold) + column / fold]);
            }
        }
        let shape = [conv.output, 3, side, side];
        let stride = fold as i64;
        self.convolve(
            conv,
            (&shape, &weight),
            Some(&tensors.bias),
            picture,
            [stride; 2],
        )
    }

    /// The last channels of the head's input, the position, convolved: `[1, out, h, w]`.
    fn places(&mut self, conv: &Conv, weight: &[f32], y: &str) -> String {
        let rows = weight.chunks_exact(conv.input * 9);
        let last = rows.flat_map(|out| &out[9 * (conv.input - PLACE)..]);
        let weight: Vec<f32> = last.copied().collect();
        let map = self.place_map(y);
        let conv = Conv::new("place", Kernel::Same, (PLACE, conv.output));
        let shape = [conv.output, PLACE, 3, 3];
        self.convolve(&conv, (&shape, &weight), None, &map, [1, 1])
    }

    /// The position of every pixel of the map of `picture`, `[1, 4, h, w]`.
    fn place_map(&mut self, picture: &str) -> String {
        let fold = self.net.entry.fold as i64;
        let graph = &mut *self.graph;
        let shape = graph.node("Shape", &[picture]);
        let [first, end] = [graph.integers(&[2]), graph.integers(&[4])];
        let size_px = graph.node("Slice", &[&shape, &first, &end]);
        let unit = graph.integers(&[fold]);
        let size = graph.node("Div", &[&size_px, &unit]);
        let period = graph.integers(&[PERIOD as i64]);
        let whole = graph.node("Div", &[&size, &period]);
        let one = graph.integers(&[1]);
        let times = graph.node("Add", &[&whole, &one]);
        let single = graph.integers(&[1, 1]);
        let times = graph.joined(&[&single, &times], 0);
        let channel = |c: usize| {
            let pixels = (0..PERIOD * PERIOD).map(|at| (at % PERIOD, at / PERIOD));
            pixels.map(move |(column, row)| place(column, row)[c])
        };
        let values: Vec<f32> = (0..PLACE).flat_map(channel).collect();
        let period = graph.constant("places", &[1, PLACE, PERIOD, PERIOD], &values);
        let tiled = graph.node("Tile", &[&period, &times]);
        let (corner, axes) = (graph.integers(&[0, 0]), graph.integers(&[2, 3]));
        graph.node("Slice", &[&tiled, &corner, &size, &axes])
    }

    /// A layer after the head, without the map that its result is added to.
    fn layer(&mut self, layer: &Layer, from: &str, e: &Term<Vec<f32>>) -> Result<String> {
        let conv = &layer.conv;
        let mut tensors = self.read(conv)?;
        let Some(film) = &layer.film else {
            return Ok(self.plain(conv, &tensors, from));
        };
        let made = match e {
            Term::Known(e) => {
                tensors.modulate(&Linear::read(self.source, film)?.forward(e));
                self.plain(conv, &tensors, from)
            }
            Term::Computed(e) => {
                let made = self.plain(conv, &tensors, from);
                let [gain, offset] = self.modulation(film, conv.output, e)?;
                let scaled = self.graph.node("Mul", &[&made, &gain]);
                self.graph.node("Add", &[&scaled, &offset])
            }
        };
        Ok(self.graph.node("Relu", &[&made]))
    }

    /// 1 + s and b of the FiLM `film` for `e`, `[N, channels, 1, 1]` each.
    fn modulation(&mut self, film: &str, channels: usize, e: &str) -> Result<[String; 2]> {
        let weight = floats(self.source, &format!("{film}.weight"))?;
        let mut bias = floats(self.source, &format!("{film}.bias"))?;
        bias[..channels].iter_mut().for_each(|s| *s += 1.0);
        let graph = &mut *self.graph;
        let both = fully_connected(graph, film, (&weight, &bias), e);
        let axes = graph.integers(&[2, 3]);
        Ok(graph
            .halves(&both, channels)
            .map(|part| graph.node("Unsqueeze", &[&part, &axes])))
    }

    /// `conv` with `tensors`, as it stands in the net.
    fn plain(&mut self, conv: &Conv, tensors: &Tensors, from: &str) -> String {
        let shape = conv.shape().map(|n| n as usize);
        let stride = if conv.kernel == Kernel::Same { 1 } else { 2 };
        let weight = (&shape, &tensors.weight[..]);
        self.convolve(conv, weight, Some(&tensors.bias), from, [stride; 2])
    }

    fn convolve(
        &mut self,
        conv: &Conv,
        (shape, weight): (&[usize; 4], &[f32]),
        bias: Option<&[f32]>,
        from: &str,
        strides: [i64; 2],
    ) -> String {
        let key = &conv.key;
        let weight = self.graph.constant(&format!("{key}.weight"), shape, weight);
        let bias = bias.map(|bias| {
            self.graph
                .constant(&format!("{key}.bias"), &[bias.len()], bias)
        });
        let (op, pad) = match conv.kernel {
            Kernel::Same => ("Conv", strides[0]),
            Kernel::Halving => ("Conv", 0),
            Kernel::Doubling => ("ConvTranspose", 0),
        };
        let sides = [shape[2] as i64, shape[3] as i64];
        let attributes = [
            ("kernel_shape", Attribute::Ints(&sides)),
            ("strides", Attribute::Ints(&strides)),
            ("pads", Attribute::Ints(&[pad; 4])),
        ];
        let inputs = [from, &weight].into_iter().chain(bias.as_deref());
        self.graph
            .node_with(op, &inputs.collect::<Vec<_>>(), &attributes)
    }

    fn read(&self, conv: &Conv) -> Result<Tensors> {
        Ok(Tensors {
            weight: floats(self.source, &format!("{}.weight", conv.key))?,
            bias: floats(self.source, &format!("{}.bias", conv.key))?,
        })
    }
}

impl Tensors {
    /// Folds the FiLM \[s, b\] in: the result times 1 + s, plus b.
    fn modulate(&mut self, film: &[f32]) {
        let (gains, offsets) = film.split_at(self.bias.len());
        let each = self.weight.len() / self.bias.len().max(1);
        let channels = self.weight.chunks_exact_mut(each).zip(&mut self.bias);
        for ((weights, bias), (s, b)) in channels.zip(gains.iter().zip(offsets)) {
            weights.iter_mut().for_each(|weight| *weight *= 1.0 + s);
            *bias = *bias * (1.0 + s) + b;
        }
    }
}
