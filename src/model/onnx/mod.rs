//! A network of this project as an ONNX file, for other runtimes.
//!
//! The graph gives the estimate of x0, preconditioning included: what the engine answers in f32. It
//! does not hold the estimate to the cells of the file. Made from the description that the engine
//! runs ([`Net`]), so nothing here knows lean from nano. Called by `ddrmjpeg model export`.

mod conditions;
mod convolutions;
mod graph;
mod protobuf;

use crate::contract::{ONE_CALL_SIGMA, QuantSteps};
use crate::error::{Error, Result};
use crate::jpeg::JpegFile;
use crate::model::onnx::conditions::{Term, embedding, features};
use crate::model::onnx::convolutions::Convolutions;
use crate::model::onnx::graph::{Dim, Graph, Value};
use crate::model::registry::Own;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm::{Case, SIGMA_DATA, Scales};
use crate::runtime::conv_net::net::{Kernel, Net};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::check;
use crate::runtime::tensors::metadata::one_call_only;

/// What the graph is to be.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The whole denoiser, with inputs for the noisy picture and σ, instead of the one call.
    pub with_noise: bool,
    /// Tables and sampling that become part of the graph, which then has no inputs for them.
    pub tables: Option<Tables>,
    /// The licence of the weights, if it is known.
    pub licence: Option<String>,
}

/// How pictures were quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Steps of the first component.
    pub luma: QuantSteps,
    /// Steps of the second component; the first's for grey.
    pub chroma: QuantSteps,
    /// Luma samples per chroma sample, horizontally and vertically; (1, 1) for grey.
    pub subsampling: (usize, usize),
}

impl Tables {
    /// Those of `file`.
    pub fn of(file: &JpegFile) -> Self {
        let luma = file.components[0].steps;
        let chroma = file.components.get(1).map_or(luma, |second| second.steps);
        Self {
            luma,
            chroma,
            subsampling: file.subsampling(),
        }
    }

    fn features(&self) -> [f32; conditioning::LENGTH] {
        conditioning::features(&self.luma, &self.chroma, self.subsampling)
    }
}

/// The network in `source` as the bytes of an ONNX file.
///
/// Every picture is f32 `[N, 3, H, W]`, RGB in 0..1, with H and W multiples of
/// [`multiple_of`]. Inputs: `decoded`; without given tables `luma_table` and `chroma_table`
/// `[N, 8, 8]` and `subsampling` `[N, 2]`; with noise `noisy`, the picture plus noise of the
/// standard deviation `sigma` `[N]` in the same unit. Output: `restored`, not clipped.
///
/// # Errors
/// [`Error::Checkpoint`] if it is no network of this project, [`Error::Options`] if the denoiser is
/// wanted of a network that has only the one call.
pub fn export(source: &dyn TensorSource, wanted: &Wanted) -> Result<Vec<u8>> {
    let metadata = source.metadata();
    let own = Own::of(metadata)?;
    let net = own.net(metadata)?;
    check(source, &net.shapes())?;
    if wanted.with_noise && one_call_only(metadata) {
        return Err(Error::options(format!(
            "with noise: this {} never saw a noisy picture, it only has the one call",
            own.name
        )));
    }
    if !wanted.with_noise && net.one_call_sigma > ONE_CALL_SIGMA {
        return Err(Error::options(format!(
            "this {} restores in one call from σ = {} on, and must from {ONE_CALL_SIGMA}: export it \
             with noise",
            own.name, net.one_call_sigma
        )));
    }
    let mut graph = Graph::default();
    match wanted.with_noise {
        true => denoiser(&mut graph, (source, &net), wanted)?,
        false => one_call(&mut graph, (source, &net), wanted)?,
    }
    Ok(graph.file(own.name, &about(own.name), &facts(own, &net, wanted)))
}

/// What height and width must be multiples of.
pub fn multiple_of(net: &Net) -> usize {
    let mut scales = vec![1; Net::HEAD + 1];
    for layer in &net.layers {
        scales.push(match layer.conv.kernel {
            Kernel::Same => scales[layer.from],
            Kernel::Halving => 2 * scales[layer.from],
            Kernel::Doubling => scales[layer.from] / 2,
        });
    }
    net.entry.fold * scales.into_iter().max().unwrap_or(1)
}

/// Reads `decoded` alone: F and the hint in one sum.
fn one_call(
    graph: &mut Graph,
    (source, net): (&dyn TensorSource, &Net),
    wanted: &Wanted,
) -> Result<()> {
    let decoded = graph.input(picture("decoded", "the decoded JPEG", net));
    let y = signed(graph, &decoded);
    let tables = tables(graph, wanted);
    let e = embedding(graph, (source, net), Term::Known(ONE_CALL_SIGMA), tables)?;
    let f = Convolutions { source, net, graph }.forward(None, &y, &e)?;
    let case = Case {
        sigma: ONE_CALL_SIGMA,
        tables: [1.0; conditioning::LENGTH],
    };
    // Half of it, since the range is half as wide.
    let output = Scales::of(&case, net.one_call_sigma).output / 2.0;
    let change = graph.times(&f, output as f32);
    let restored = graph.node("Add", &[&decoded, &change]);
    graph.output(&restored, picture("restored", RESTORED, net));
    Ok(())
}

/// Reads `noisy` and `sigma` too. The scales of x, y and F are those of `edm`, in the graph.
fn denoiser(
    graph: &mut Graph,
    (source, net): (&dyn TensorSource, &Net),
    wanted: &Wanted,
) -> Result<()> {
    let noisy = graph.input(picture("noisy", "the picture with noise in it", net));
    let sigma = graph.input(Value {
        name: "sigma",
        dims: vec![Dim::Open("N")],
        about: format!(
            "standard deviation of the noise in noisy, above 0; from {} on noisy is ignored",
            net.one_call_sigma / 2.0
        ),
    });
    let decoded = graph.input(picture("decoded", "the decoded JPEG", net));
    let tables = tables(graph, wanted);
    let (x, y) = (signed(graph, &noisy), signed(graph, &decoded));
    let column = graph.integers(&[-1, 1]);
    let sigma = graph.node("Reshape", &[&sigma, &column]);
    let sigma = graph.times(&sigma, 2.0);
    let e = embedding(graph, (source, net), Term::Computed(sigma.clone()), tables)?;

    let axes = graph.integers(&[2, 3]);
    let sigma = graph.node("Unsqueeze", &[&sigma, &axes]);
    let sees = graph.is_below(&sigma, net.one_call_sigma as f32);
    let square = graph.node("Mul", &[&sigma, &sigma]);
    let v = graph.plus(&square, SIGMA_DATA.powi(2) as f32);
    let root = graph.node("Sqrt", &[&v]);
    let seen = graph.times(&sees, SIGMA_DATA.powi(2) as f32);
    let skip = graph.node("Div", &[&seen, &v]);
    let input = graph.node("Div", &[&sees, &root]);
    let one = graph.scalar(1.0);
    let hint = graph.node("Sub", &[&one, &skip]);
    let output = graph.node("Div", &[&sigma, &root]);
    let output = graph.times(&output, SIGMA_DATA as f32);

    let scaled = graph.node("Mul", &[&x, &input]);
    let f = Convolutions { source, net, graph }.forward(Some(&scaled), &y, &e)?;
    let parts = [(&x, &skip), (&y, &hint), (&f, &output)];
    let [x, y, f] = parts.map(|(picture, scale)| graph.node("Mul", &[picture, scale]));
    let sum = graph.node("Add", &[&x, &y]);
    let sum = graph.node("Add", &[&sum, &f]);
    let half = graph.times(&sum, 0.5);
    let restored = graph.plus(&half, 0.5);
    graph.output(&restored, picture("restored", RESTORED, net));
    Ok(())
}

const RESTORED: &str = "the estimate of the picture before compression, not clipped";

/// The features that are known, or inputs for them.
fn tables(graph: &mut Graph, wanted: &Wanted) -> Term<[f32; conditioning::LENGTH]> {
    match &wanted.tables {
        Some(tables) => Term::Known(tables.features()),
        None => Term::Computed(features(graph)),
    }
}

/// 0..1 to -1..1, the range of the network.
fn signed(graph: &mut Graph, picture: &str) -> String {
    let twice = graph.times(picture, 2.0);
    graph.plus(&twice, -1.0)
}

fn picture(name: &'static str, what: &str, net: &Net) -> Value {
    Value {
        name,
        dims: vec![
            Dim::Open("N"),
            Dim::Fixed(3),
            Dim::Open("H"),
            Dim::Open("W"),
        ],
        about: format!(
            "{what}: RGB, 0..1, H and W multiples of {}",
            multiple_of(net)
        ),
    }
}

fn about(name: &str) -> String {
    format!(
        "{name}, a network of ddrmjpeg that estimates what a picture was before JPEG compression. \
         Pictures are RGB in 0..1. They begin on the JPEG's grid: crop to multiples of 16 pixels only."
    )
}

/// What the file says of itself beside its inputs.
fn facts(own: &Own, net: &Net, wanted: &Wanted) -> Vec<(String, String)> {
    let mut facts = vec![
        ("network", own.name.to_owned()),
        ("size_multiple", multiple_of(net).to_string()),
        ("range", "0..1".to_owned()),
    ];
    if let Some(tables) = &wanted.tables {
        let steps = |steps: &QuantSteps| steps.map(|step| step.to_string()).join(" ");
        let (h, v) = tables.subsampling;
        facts.extend([
            ("luma_table", steps(&tables.luma)),
            ("chroma_table", steps(&tables.chroma)),
            ("subsampling", format!("{h} {v}")),
        ]);
    }
    facts.extend(wanted.licence.clone().map(|licence| ("licence", licence)));
    let owned = |(key, value): (&str, String)| (key.to_owned(), value);
    facts.into_iter().map(owned).collect()
}

#[cfg(test)]
#[path = "onnx_tests.rs"]
mod onnx_tests;
