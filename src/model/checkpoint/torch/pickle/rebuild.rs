//! Implements REDUCE and BINPERSID: makes dictionaries, storages and tensors from their arguments.
//!
//! Tensors are only described here, not checked: whether they fit into their storage is known only
//! after the storage has been found.

use crate::model::checkpoint::torch::pickle::globals::Global;
use crate::model::checkpoint::torch::pickle::machine::Machine;
use crate::model::checkpoint::torch::pickle::value::{StorageRef, TensorRef, Value};
use crate::model::checkpoint::{Parse, limits};

impl<'a> Machine<'a> {
    /// Carries out the call of a global on a tuple.
    pub(crate) fn reduce(&mut self) -> Parse<()> {
        let arguments = self.pop()?;
        let called = self.pop()?;
        let Value::Tuple(arguments) = arguments else {
            return Err(format!("REDUCE with {} for arguments", arguments.kind()));
        };
        self.copies(self.heap.sequences[arguments].len())?;
        let arguments = self.heap.sequences[arguments].clone();
        match called {
            Value::Global(Global::OrderedDict) => self.ordered_dict(&arguments),
            Value::Global(Global::RebuildTensorV2) => self.tensor(&arguments, 6..=7),
            Value::Global(Global::RebuildTensor) => self.tensor(&arguments, 4..=4),
            Value::Global(Global::RebuildParameter) => self.parameter(&arguments),
            Value::Global(other) => Err(format!("{other:?} cannot be called")),
            other => Err(format!("REDUCE calls {}", other.kind())),
        }
    }

    /// Empty, or from a list of pairs, as Python 2 wrote it.
    fn ordered_dict(&mut self, arguments: &[Value<'a>]) -> Parse<()> {
        let pairs = match arguments {
            [] => &[],
            [Value::List(at)] => {
                self.copies(self.heap.sequences[*at].len())?;
                &self.heap.sequences[*at][..]
            }
            _ => return Err("OrderedDict with strange arguments".to_owned()),
        };
        let entries = pairs
            .iter()
            .map(|pair| self.pair(*pair))
            .collect::<Parse<Vec<_>>>()?;
        self.push_dict(entries);
        Ok(())
    }

    fn pair(&self, value: Value<'a>) -> Parse<(Value<'a>, Value<'a>)> {
        match self.sequence(value)? {
            &[key, value] => Ok((key, value)),
            other => Err(format!("a pair of {} items", other.len())),
        }
    }

    fn sequence(&self, value: Value<'a>) -> Parse<&[Value<'a>]> {
        match value {
            Value::List(at) | Value::Tuple(at) => Ok(&self.heap.sequences[at]),
            other => Err(format!("{} where a tuple belongs", other.kind())),
        }
    }

    /// A tensor from (storage, offset, shape, strides, ...); the rest concerns gradients.
    fn tensor(
        &mut self,
        arguments: &[Value<'a>],
        wanted: std::ops::RangeInclusive<usize>,
    ) -> Parse<()> {
        let [Value::Storage(storage), offset, shape, strides, ..] = arguments else {
            return Err("a tensor without storage, offset, shape and strides".to_owned());
        };
        if !wanted.contains(&arguments.len()) {
            return Err(format!(
                "a tensor from {} arguments, wanted {wanted:?}",
                arguments.len()
            ));
        }
        if self.heap.tensors.len() >= limits::TENSORS {
            return Err(format!("more than {} tensors", limits::TENSORS));
        }
        let tensor = TensorRef {
            storage: self.heap.storages[*storage],
            offset: size(*offset)?,
            shape: self.sizes(*shape)?,
            strides: self.sizes(*strides)?,
        };
        self.push(Value::Tensor(self.heap.tensors.len()));
        self.heap.tensors.push(tensor);
        Ok(())
    }

    fn parameter(&mut self, arguments: &[Value<'a>]) -> Parse<()> {
        match arguments {
            [tensor @ Value::Tensor(_), _, _] => {
                self.push(*tensor);
                Ok(())
            }
            _ => Err("a parameter that is no tensor".to_owned()),
        }
    }

    fn sizes(&self, value: Value<'a>) -> Parse<Vec<usize>> {
        let sizes = self.sequence(value)?;
        if sizes.len() > limits::RANK {
            return Err(format!(
                "{} dimensions, the limit is {}",
                sizes.len(),
                limits::RANK
            ));
        }
        sizes.iter().map(|&value| size(value)).collect()
    }

    /// A storage from its persistent id: ("storage", type, key, location, count) and, in the
    /// legacy container, None or (key, offset, count) of a view of it.
    pub(crate) fn storage(&mut self) -> Parse<()> {
        let id = self.pop()?;
        let (head, view) = match self.sequence(id)? {
            [head @ .., view] if head.len() == 5 => (head, *view),
            head => (head, Value::None),
        };
        let [Value::Str(what), kind, key, _location, count] = head else {
            return Err("a persistent id that is no storage".to_owned());
        };
        let (Value::Global(Global::Storage(dtype)), Value::Str(key)) = (kind, key) else {
            return Err(format!(
                "a storage of {} named by {}",
                kind.kind(),
                key.kind()
            ));
        };
        if *what != "storage" {
            let what = crate::model::checkpoint::quote::quote(what);
            return Err(format!(
                "a persistent id of kind {what}: only storages are read"
            ));
        }
        let storage = StorageRef {
            dtype: *dtype,
            key,
            count: size(*count)?,
            view: self.view(view)?,
        };
        self.push(Value::Storage(self.heap.storages.len()));
        self.heap.storages.push(storage);
        Ok(())
    }

    fn view(&self, value: Value<'a>) -> Parse<Option<(usize, usize)>> {
        if value == Value::None {
            return Ok(None);
        }
        match self.sequence(value)? {
            [_key, offset, count] => Ok(Some((size(*offset)?, size(*count)?))),
            _ => Err("a storage view that is no (key, offset, count)".to_owned()),
        }
    }
}

/// A size, offset or count.
fn size(value: Value<'_>) -> Parse<usize> {
    match value {
        Value::Int(n) => usize::try_from(n).map_err(|_| format!("a size of {n}")),
        Value::Long(bytes) => Err(format!("a size of {} bits", 8 * bytes.len())),
        other => Err(format!("{} where a size belongs", other.kind())),
    }
}
