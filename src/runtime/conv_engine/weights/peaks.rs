//! The largest values of the maps that a network's convolutions read, per channel: what eight bits
//! have to hold. Measured with f32 maps, kept as text in the metadata of a checkpoint.

use std::collections::BTreeMap;

use crate::contract::{Hint, ONE_CALL_SIGMA};
use crate::error::{Error, Result};
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::denoiser::case;
use crate::runtime::conv_engine::engine::Engine;
use crate::runtime::conv_net::net::{Layer, Net};
use crate::runtime::tensors::TensorSource;

/// The key of the metadata.
const KEY: &str = "int8_peaks";

/// The peaks of one block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Peak {
    /// The largest magnitudes of its input.
    pub input: Vec<f32>,
    /// The largest values between its two convolutions.
    pub inner: Vec<f32>,
}

/// Of a network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Peaks {
    /// Of every block, in the order of the layers with FiLM.
    pub blocks: Vec<Peak>,
    /// The largest magnitudes of the inputs of [`Net::singles`]; empty where they were not
    /// measured.
    pub singles: Vec<Vec<f32>>,
}

impl Peaks {
    /// Nothing seen yet.
    pub fn none(net: &Net) -> Self {
        let blocks = net.layers.iter().filter(|layer| layer.film.is_some());
        let zeros = |layer: &Layer| Peak {
            input: vec![0.0; layer.conv.input],
            inner: vec![0.0; layer.conv.output],
        };
        let singles = net.singles().map(|(_, layer)| vec![0.0; layer.conv.input]);
        Self {
            blocks: blocks.map(zeros).collect(),
            singles: singles.collect(),
        }
    }

    /// What the metadata say of the blocks of `net`; `None` if nothing was measured.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a text that does not fit the network.
    pub fn of(metadata: &BTreeMap<String, String>, net: &Net) -> Result<Option<Self>> {
        let Some(text) = metadata.get(KEY) else {
            return Ok(None);
        };
        let wanted = Self::none(net);
        let bad = |what: &str| Error::Checkpoint(format!("{KEY}: {what}"));
        let mut lines = text.lines().map(numbers);
        let mut line = |length: usize| match lines.next() {
            Some(Some(line)) if line.len() == length => Ok(line),
            Some(Some(line)) => Err(bad(&format!("{} channels, wanted {length}", line.len()))),
            Some(None) => Err(bad("a value that is no positive number")),
            None => Err(bad("fewer lines than the network has maps")),
        };
        let mut blocks = Vec::new();
        for peak in &wanted.blocks {
            blocks.push(Peak {
                input: line(peak.input.len())?,
                inner: line(peak.inner.len())?,
            });
        }
        let others = text.lines().count() > 2 * blocks.len();
        let singles = wanted.singles.iter().filter(|_| others);
        Ok(Some(Self {
            blocks,
            singles: singles
                .map(|peaks| line(peaks.len()))
                .collect::<Result<_>>()?,
        }))
    }

    /// Writes them to the metadata.
    pub fn write(&self, metadata: &mut BTreeMap<String, String>) {
        let line = |values: &[f32]| {
            let words: Vec<String> = values.iter().map(|x| format!("{x:.3e}")).collect();
            words.join(" ")
        };
        let blocks = self.blocks.iter();
        let blocks = blocks.flat_map(|p| [line(&p.input), line(&p.inner)]);
        let lines = blocks.chain(self.singles.iter().map(|peaks| line(peaks)));
        metadata.insert(KEY.into(), lines.collect::<Vec<_>>().join("\n"));
    }
}

/// Measures the peaks of a network on pictures.
pub struct PeakMeter {
    engine: Engine,
    peaks: Peaks,
}

impl PeakMeter {
    /// For the network `net` with the weights of `source`.
    ///
    /// # Errors
    /// Those of [`Engine::new`].
    pub(crate) fn new(net: Net, source: Box<dyn TensorSource>) -> Result<Self> {
        let peaks = Peaks::none(&net);
        let engine = Engine::new(net, source, (Arithmetic::F32, None), 0)?;
        Ok(Self { engine, peaks })
    }

    /// Restores `hint` in one call and notes what its maps reach.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn see(&mut self, hint: &Hint) -> Result<()> {
        let case = case(ONE_CALL_SIGMA, Some(hint));
        self.engine.measure(&hint.decoded, &case, &mut self.peaks)
    }

    /// Writes the peaks to a checkpoint's metadata.
    pub fn write(&self, metadata: &mut BTreeMap<String, String>) {
        self.peaks.write(metadata);
    }
}

/// The numbers of a line: finite and not negative.
fn numbers(line: &str) -> Option<Vec<f32>> {
    let words = line.split_whitespace().map(|word| word.parse::<f32>().ok());
    words
        .map(|number| number.filter(|x| x.is_finite() && *x >= 0.0))
        .collect()
}

/// Raises `peaks` to the magnitudes of `samples`, pixel after pixel.
pub(crate) fn raise(peaks: &mut [f32], samples: &[f32]) {
    for pixel in samples.chunks_exact(peaks.len().max(1)) {
        for (peak, sample) in peaks.iter_mut().zip(pixel) {
            *peak = peak.max(sample.abs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    fn net() -> Net {
        net_of("nano")
    }

    fn net_of(name: &str) -> Net {
        let own = registry::get(name).unwrap();
        let source = own.checkpoint().unwrap();
        own.net(source.metadata()).unwrap()
    }

    /// Checkpoints that were calibrated for their blocks only are read too.
    #[test]
    fn layers_that_are_no_blocks_may_be_missing() {
        let net = net_of("lean");
        let mut peaks = Peaks::none(&net);
        // Two that halve the map and two that double it.
        assert_eq!(peaks.singles.len(), 4);
        raise(&mut peaks.singles[3], &[2.5; 128]);
        let mut metadata = BTreeMap::new();
        peaks.write(&mut metadata);
        assert_eq!(Peaks::of(&metadata, &net).unwrap().unwrap(), peaks);
        let lines: Vec<&str> = metadata[KEY].lines().collect();
        let blocks = lines[..2 * peaks.blocks.len()].join("\n");
        metadata.insert(KEY.into(), blocks);
        let found = Peaks::of(&metadata, &net).unwrap().unwrap();
        assert_eq!((found.blocks, found.singles.len()), (peaks.blocks, 0));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut peaks = Peaks::none(&net());
        raise(&mut peaks.blocks[1].input, &[0.5; 64]);
        raise(&mut peaks.blocks[1].input, &[-1.5; 128]);
        let mut metadata = BTreeMap::new();
        peaks.write(&mut metadata);
        assert_eq!(peaks.blocks[1].input[7], 1.5);
        assert_eq!(Peaks::of(&metadata, &net()).unwrap(), Some(peaks));
        assert_eq!(Peaks::of(&BTreeMap::new(), &net()).unwrap(), None);
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        for text in ["", "1 2 3", "x", "1e99 2"] {
            let metadata = [(KEY.to_owned(), text.to_owned())].into();
            let message = Peaks::of(&metadata, &net()).unwrap_err().to_string();
            assert!(message.contains("int8_peaks"), "{message}");
        }
    }
}
