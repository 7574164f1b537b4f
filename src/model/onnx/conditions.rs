//! What a network is conditioned on, tables, sampling and σ, as nodes of the graph: the same as
//! `conv_net::conditioning` and `conv_net::embedding` compute on the host.

use crate::error::Result;
use crate::model::onnx::graph::{Dim, Graph, Value};
use crate::runtime::conv_net::conditioning::{BANDS, LENGTH};
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::embedding::{Embedding, Linear, frequencies};
use crate::runtime::conv_net::net::Net;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::floats;

/// A quantity that is known when the file is written, or a value of the graph.
pub(crate) enum Term<T> {
    /// Its numbers.
    Known(T),
    /// The name of the value.
    Computed(String),
}

/// The embedding of `sigma`, in the graph `[N, 1]`, and of the features of the tables, `[N, 12]`:
/// `[N, length]`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] if a tensor cannot be read.
pub(crate) fn embedding(
    graph: &mut Graph,
    (source, net): (&dyn TensorSource, &Net),
    sigma: Term<f64>,
    tables: Term<[f32; LENGTH]>,
) -> Result<Term<Vec<f32>>> {
    let known = |case| -> Result<Vec<f32>> { Ok(Embedding::read(source, net)?.forward(&case)) };
    Ok(match (sigma, tables) {
        (Term::Known(sigma), Term::Known(tables)) => Term::Known(known(Case { sigma, tables })?),
        // What is known is the bias: the part of σ, and the tables' own.
        (Term::Known(sigma), Term::Computed(tables)) => {
            let bias = known(Case {
                sigma,
                tables: [0.0; LENGTH],
            })?;
            let weight = floats(source, "qe.weight")?;
            Term::Computed(fully_connected(graph, "qe", (&weight, &bias), &tables))
        }
        (Term::Computed(sigma), tables) => {
            let of_sigma = of_noise(graph, (source, net), &sigma)?;
            let of_tables = match tables {
                Term::Known(tables) => {
                    let e = Linear::read(source, "qe")?.forward(&tables);
                    graph.constant("qe", &[1, net.embedding], &e)
                }
                Term::Computed(tables) => linear(graph, source, "qe", &tables)?,
            };
            Term::Computed(graph.node("Add", &[&of_sigma, &of_tables]))
        }
    })
}

/// SiLU(emb(sin u, cos u)), u = ln(σ) / 2 · frequencies.
fn of_noise(
    graph: &mut Graph,
    (source, net): (&dyn TensorSource, &Net),
    sigma: &str,
) -> Result<String> {
    let logarithm = graph.node("Log", &[sigma]);
    let level = graph.times(&logarithm, 0.5);
    let count = net.embedding / 2;
    let steps = graph.constant("frequencies", &[1, count], &frequencies(count));
    let u = graph.node("Mul", &[&level, &steps]);
    let waves = [graph.node("Sin", &[&u]), graph.node("Cos", &[&u])];
    let mut e = graph.joined(&[&waves[0], &waves[1]], 1);
    for key in ["emb.0", "emb.2"] {
        let x = linear(graph, source, key, &e)?;
        let gate = graph.node("Sigmoid", &[&x]);
        e = graph.node("Mul", &[&x, &gate]);
    }
    Ok(e)
}

/// The fully connected layer `key` of the checkpoint.
fn linear(graph: &mut Graph, source: &dyn TensorSource, key: &str, x: &str) -> Result<String> {
    let weight = floats(source, &format!("{key}.weight"))?;
    let bias = floats(source, &format!("{key}.bias"))?;
    Ok(fully_connected(graph, key, (&weight, &bias), x))
}

/// A fully connected layer of weights `[out, in]` and a bias.
pub(crate) fn fully_connected(
    graph: &mut Graph,
    key: &str,
    (weight, bias): (&[f32], &[f32]),
    x: &str,
) -> String {
    let shape = [bias.len(), weight.len() / bias.len().max(1)];
    let weight = graph.constant(&format!("{key}.weight"), &shape, weight);
    let bias = graph.constant(&format!("{key}.bias"), &[bias.len()], bias);
    graph.linear(x, &weight, &bias)
}

/// The features of tables and sampling that come as inputs, `[N, 12]`, in the order of
/// `conditioning::describe`.
pub(crate) fn features(graph: &mut Graph) -> String {
    let table = |name, what: &str| Value {
        name,
        dims: vec![Dim::Open("N"), Dim::Fixed(8), Dim::Fixed(8)],
        about: format!(
            "quantisation steps of {what}, 1..65535, row v and column u for vertical and horizontal \
             frequency"
        ),
    };
    let luma = graph.input(table("luma_table", "luma"));
    let chroma = graph.input(table(
        "chroma_table",
        "chroma; those of luma for a grey file",
    ));
    let sampling = graph.input(Value {
        name: "subsampling",
        dims: vec![Dim::Open("N"), Dim::Fixed(2)],
        about: "luma samples per chroma sample, horizontally and vertically: 2, 2 for 4:2:0; \
                1, 1 for a grey file"
            .to_owned(),
    });
    let parts = [band_means(graph, &luma), band_means(graph, &chroma)];
    let [full, half, quarter] = one_hot(graph, &sampling);
    // 1, in the shape of the others.
    let some = graph.node("Add", &[&full, &half]);
    let one = graph.node("Add", &[&some, &quarter]);
    graph.joined(&[&one, &parts[0], &parts[1], &full, &half, &quarter], 1)
}

/// Mean log2(step) / 4 − 1 of each band of a table, `[N, 4]`.
fn band_means(graph: &mut Graph, table: &str) -> String {
    let flat = graph.integers(&[-1, 64]);
    let steps = graph.node("Reshape", &[table, &flat]);
    let least = graph.scalar(1.0);
    let steps = graph.node("Max", &[&steps, &least]);
    let logarithms = graph.node("Log", &[&steps]);
    let mut weights = [[0.0; BANDS.len()]; 64];
    for (band, (first, last)) in BANDS.into_iter().enumerate() {
        let inside: Vec<usize> = (0..64)
            .filter(|i| (first..=last).contains(&(i / 8 + i % 8)))
            .collect();
        let share = 1.0 / (inside.len() as f64 * 4.0 * std::f64::consts::LN_2);
        inside.iter().for_each(|&i| weights[i][band] = share as f32);
    }
    let name = format!("{table}.bands");
    let weights = graph.constant(&name, &[64, BANDS.len()], weights.as_flattened());
    let means = graph.node("MatMul", &[&logarithms, &weights]);
    graph.plus(&means, -1.0)
}

/// 1 for 4:4:4, for what halves chroma, and for all others, `[N, 1]` each.
fn one_hot(graph: &mut Graph, sampling: &str) -> [String; 3] {
    let [across, down] = graph.halves(sampling, 1);
    let factor = graph.node("Mul", &[&across, &down]);
    let full = graph.is_below(&factor, 1.5);
    let most = graph.is_below(&factor, 2.5);
    let half = graph.node("Sub", &[&most, &full]);
    let one = graph.scalar(1.0);
    let quarter = graph.node("Sub", &[&one, &most]);
    [full, half, quarter]
}
