//! Finds the network's tensors in the objects of a checkpoint, and names them.
//!
//! Published files are a plain dictionary of tensors, or hold one next to those of an optimiser or
//! an average, and counters. From the outermost object inwards: (1) the first of `PREFERRED` that
//! holds tensors is entered; (2) a dictionary or list that directly contains tensors is the state
//! dict, what is nested in it gets dotted names, and everything else is left out; (3) the only part
//! with tensors is entered; (4) of a list, the first part is entered if it has tensors, because
//! training loops of this family save `[model, optimiser, epoch, step, average]`; (5) otherwise the
//! file is refused, and the parts are named. No elements are read here.

use std::ops::Range;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::strided;
use crate::model::checkpoint::strided::Geometry;
use crate::model::checkpoint::table::Table;
use crate::model::checkpoint::torch::pickle::{Pickle, StorageRef, Value};

/// Keys under which checkpoints keep the network, the likeliest first.
const PREFERRED: [&str; 9] = [
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "params",
    "ema",
    "ema_state_dict",
    "params_ema",
];

/// The table of the network's tensors; `stored` finds a storage in the file.
pub(crate) fn table(
    objects: &Pickle<'_>,
    stored: impl Fn(&StorageRef<'_>) -> Parse<Range<usize>>,
) -> Parse<Table> {
    let mut search = Search::new(objects);
    let chosen = search.choose()?;
    search.name("", chosen, 0)?;
    let mut table = Table::default();
    for (name, value) in search.found {
        let Some(tensor) = objects.tensor(value) else {
            continue;
        };
        let geometry = Geometry {
            shape: &tensor.shape,
            strides: &tensor.strides,
            offset: tensor.offset,
        };
        let entry = stored(&tensor.storage)
            .and_then(|range| strided::place(tensor.storage.dtype, &geometry, range))
            .map_err(|fault| format!("tensor {}: {fault}", quote(&name)))?;
        table.insert(name, entry)?;
    }
    Ok(table)
}

/// What is known about a container during the search.
#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Not,
    /// Being searched: if it is found again, it contains itself.
    Inside,
    Tensors(bool),
}

struct Search<'p, 'a> {
    objects: &'p Pickle<'a>,
    seen: Vec<Seen>,
    found: Vec<(String, Value<'a>)>,
    steps: usize,
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(objects: &'p Pickle<'a>) -> Self {
        let seen = vec![Seen::Not; objects.containers()];
        Self {
            objects,
            seen,
            found: Vec::new(),
            steps: 0,
        }
    }

    /// The container of the network's tensors, by the rules above.
    fn choose(&mut self) -> Parse<Value<'a>> {
        let mut at = self.objects.root;
        if self.objects.tensor(at).is_some() {
            return Err("one tensor without a name, no state dict".to_owned());
        }
        if !self.holds(at, 0)? {
            return Err("no tensors in it".to_owned());
        }
        while let Some(inner) = self.inner(at)? {
            at = inner;
        }
        Ok(at)
    }

    /// The part of `at` to enter, or `None` if `at` is the state dict.
    fn inner(&mut self, at: Value<'a>) -> Parse<Option<Value<'a>>> {
        let mut parts = Vec::new();
        let mut has_tensors = false;
        for (key, value) in self.objects.children(at) {
            has_tensors |= self.objects.tensor(value).is_some();
            if self.objects.container(value).is_some() && self.holds(value, 0)? {
                parts.push((key, value));
            }
        }
        let named = |wanted: &&str| {
            parts
                .iter()
                .find(|(key, _)| matches!(key, Value::Str(k) if k == wanted))
        };
        if let Some((_, value)) = PREFERRED.iter().find_map(named) {
            return Ok(Some(*value));
        }
        match &parts[..] {
            _ if has_tensors => Ok(None),
            [(_, only)] => Ok(Some(*only)),
            [(Value::Int(0), first), ..] if self.objects.is_sequence(at) => Ok(Some(*first)),
            _ => Err(several(&parts)),
        }
    }

    /// Whether `value` is a tensor or contains one, at any depth.
    fn holds(&mut self, value: Value<'a>, depth: usize) -> Parse<bool> {
        let Some(container) = self.objects.container(value) else {
            return Ok(self.objects.tensor(value).is_some());
        };
        match self.seen[container] {
            Seen::Tensors(known) => return Ok(known),
            Seen::Inside => return Err("an object contains itself".to_owned()),
            Seen::Not if depth >= limits::DEPTH => return Err(too_deep()),
            Seen::Not => self.seen[container] = Seen::Inside,
        }
        let mut holds = false;
        for (_, child) in self.objects.children(value) {
            holds |= self.holds(child, depth + 1)?;
        }
        self.seen[container] = Seen::Tensors(holds);
        Ok(holds)
    }

    /// Collects the tensors of `value` under names that start with `prefix`.
    fn name(&mut self, prefix: &str, value: Value<'a>, depth: usize) -> Parse<()> {
        if depth >= limits::DEPTH {
            return Err(too_deep());
        }
        for (key, child) in self.objects.children(value) {
            self.steps += 1;
            // Containers may be shared, so there can be more paths than objects.
            if self.steps > limits::OPCODES || self.found.len() > limits::TENSORS {
                return Err("too many tensors, or ways to them".to_owned());
            }
            if !self.holds(child, depth + 1)? {
                continue;
            }
            let name = format!("{prefix}{}", key_text(key)?);
            if name.len() > limits::NAME_BYTES {
                return Err(format!(
                    "the name {} is longer than {} bytes",
                    quote(&name),
                    limits::NAME_BYTES
                ));
            }
            match self.objects.container(child) {
                Some(_) => self.name(&format!("{name}."), child, depth + 1)?,
                None => self.found.push((name, child)),
            }
        }
        Ok(())
    }
}

fn key_text(key: Value<'_>) -> Parse<String> {
    match key {
        // It is only cut if the name is refused anyway.
        Value::Str(text) => Ok(text.chars().take(limits::NAME_BYTES + 1).collect()),
        Value::Int(number) => Ok(number.to_string()),
        _ => Err("a tensor's key is neither text nor a number".to_owned()),
    }
}

fn too_deep() -> String {
    format!("objects nested deeper than {}", limits::DEPTH)
}

fn several(parts: &[(Value<'_>, Value<'_>)]) -> String {
    let names = parts
        .iter()
        .take(8)
        .map(|(key, _)| key_text(*key).unwrap_or_default());
    let names: Vec<_> = names.map(|name| quote(&name)).collect();
    format!(
        "several sets of tensors ({}) and none is the model's by name",
        names.join(", ")
    )
}
