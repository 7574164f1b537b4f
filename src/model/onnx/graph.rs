//! An ONNX graph that grows node by node, and the file around it.
//!
//! A value is known by its name. Every node here has one result, unless it says otherwise. Knows
//! nothing of networks.

use crate::model::onnx::protobuf::Message;

/// The set of operators: ONNX 1.12, which ONNX Runtime reads from 1.12 on.
const OPSET: i64 = 17;
/// The version of the file format that belongs to it.
const IR_VERSION: i64 = 8;

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// An attribute of a node.
#[derive(Clone, Copy)]
pub(crate) enum Attribute<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Text(&'a str),
}

/// A size of an input or output.
#[derive(Clone, Copy)]
pub(crate) enum Dim {
    /// Always so many.
    Fixed(i64),
    /// What the caller gives; sizes of one name are the same.
    Open(&'static str),
}

/// An input or output, f32.
pub(crate) struct Value {
    pub name: &'static str,
    pub dims: Vec<Dim>,
    /// What it holds, for those who look into the file.
    pub about: String,
}

/// Nodes in the order in which they run, and what they read.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    names: usize,
}

impl Graph {
    /// Adds an input. Returns its name.
    pub fn input(&mut self, value: Value) -> String {
        let name = value.name.to_owned();
        self.inputs.push(described(value));
        name
    }

    /// Makes the value `from` an output.
    pub fn output(&mut self, from: &str, value: Value) {
        self.push("Identity", &[from], &[value.name], &[]);
        self.outputs.push(described(value));
    }

    /// Adds a node. Returns the name of its result.
    pub fn node(&mut self, op: &str, inputs: &[&str]) -> String {
        self.node_with(op, inputs, &[])
    }

    /// The same, with attributes.
    pub fn node_with(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let name = self.name(op);
        self.push(op, inputs, &[&name], attributes);
        name
    }

    /// Cuts `value` into two equal parts of `half` along axis 1.
    pub fn halves(&mut self, value: &str, half: usize) -> [String; 2] {
        let sizes = self.integers(&[half as i64; 2]);
        let parts = [self.name("Split"), self.name("Split")];
        let axis = [("axis", Attribute::Int(1))];
        self.push("Split", &[value, &sizes], &[&parts[0], &parts[1]], &axis);
        parts
    }

    /// A constant of f32 with a name of its own. Returns the name.
    pub fn constant(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims: Vec<i64> = dims.iter().map(|&n| n as i64).collect();
        self.constants.push(tensor(name, FLOAT, &dims, &raw));
        name.to_owned()
    }

    /// A constant scalar.
    pub fn scalar(&mut self, value: f32) -> String {
        let name = self.name("scalar");
        self.constant(&name, &[], &[value])
    }

    /// A constant list of integers.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let name = self.name("integers");
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims = [values.len() as i64];
        self.constants.push(tensor(&name, INT64, &dims, &raw));
        name
    }

    /// `value` · `factor`.
    pub fn times(&mut self, value: &str, factor: f32) -> String {
        let factor = self.scalar(factor);
        self.node("Mul", &[value, &factor])
    }

    /// `value` + `term`.
    pub fn plus(&mut self, value: &str, term: f32) -> String {
        let term = self.scalar(term);
        self.node("Add", &[value, &term])
    }

    /// 1 where `value` is below `limit`, 0 elsewhere.
    pub fn is_below(&mut self, value: &str, limit: f32) -> String {
        let limit = self.scalar(limit);
        let below = self.node("Less", &[value, &limit]);
        self.node_with("Cast", &[&below], &[("to", Attribute::Int(FLOAT))])
    }

    /// The values side by side along `axis`.
    pub fn joined(&mut self, values: &[&str], axis: i64) -> String {
        self.node_with("Concat", values, &[("axis", Attribute::Int(axis))])
    }

    /// `x` `[N, in]` by weights `[out, in]` and a bias.
    pub fn linear(&mut self, x: &str, weight: &str, bias: &str) -> String {
        let transposed = [("transB", Attribute::Int(1))];
        self.node_with("Gemm", &[x, weight, bias], &transposed)
    }

    /// The bytes of the file: the graph `name`, with `metadata` as pairs of key and text.
    pub fn file(self, name: &str, about: &str, metadata: &[(String, String)]) -> Vec<u8> {
        let graph = Message::default()
            .all(1, &self.nodes)
            .bytes(2, name)
            .all(5, &self.constants)
            .all(11, &self.inputs)
            .all(12, &self.outputs);
        let pairs = metadata
            .iter()
            .map(|(key, value)| Message::default().bytes(1, key).bytes(2, value));
        Message::default()
            .int(1, IR_VERSION)
            .bytes(2, "ddrmjpeg")
            .bytes(3, env!("CARGO_PKG_VERSION"))
            .bytes(6, about)
            .bytes(7, graph)
            .bytes(8, Message::default().bytes(1, "").int(2, OPSET))
            .all(14, &pairs.collect::<Vec<_>>())
            .into()
    }

    /// A name that nothing has yet. Those of checkpoints have no slash.
    fn name(&mut self, word: &str) -> String {
        self.names += 1;
        format!("{word}/{}", self.names)
    }

    fn push(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let attributes = attributes.iter().map(|&(name, value)| {
            let message = Message::default().bytes(1, name);
            match value {
                Attribute::Int(value) => message.int(3, value).int(20, 2),
                Attribute::Text(value) => message.bytes(4, value).int(20, 3),
                Attribute::Ints(values) => message.ints(8, values).int(20, 7),
            }
        });
        let node = Message::default()
            .all(1, inputs)
            .all(2, outputs)
            .bytes(3, outputs[0])
            .bytes(4, op)
            .all(5, &attributes.collect::<Vec<_>>());
        self.nodes.push(node);
    }
}

/// `TensorProto`.
fn tensor(name: &str, kind: i64, dims: &[i64], raw: &[u8]) -> Message {
    let tensor = Message::default().ints(1, dims).int(2, kind);
    tensor.bytes(8, name).bytes(9, raw)
}

/// `ValueInfoProto`.
fn described(value: Value) -> Message {
    let dims = value.dims.iter().map(|&dim| match dim {
        Dim::Fixed(size) => Message::default().int(1, size),
        Dim::Open(name) => Message::default().bytes(2, name),
    });
    let shape = Message::default().all(1, &dims.collect::<Vec<_>>());
    let kind = Message::default().int(1, FLOAT).bytes(2, shape);
    Message::default()
        .bytes(1, value.name)
        .bytes(2, Message::default().bytes(1, kind))
        .bytes(3, value.about)
}
