//! What a pickle's stack, memo and containers hold.
//!
//! Values are small and copied. Containers, storages and tensors are in a [`Heap`] and referred to
//! by index, so shared and even cyclic references are only numbers.

use crate::model::checkpoint::torch::pickle::globals::Global;
use crate::runtime::tensors::Dtype;

/// A value, borrowing its text from the pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer above 64 bits: its bytes, little-endian, two's complement.
    Long(&'a [u8]),
    /// A floating-point number, which is never needed.
    Float,
    Str(&'a str),
    Global(Global),
    /// A list, by index in the heap.
    List(usize),
    /// A tuple, by index in the heap.
    Tuple(usize),
    /// A dictionary, by index in the heap.
    Dict(usize),
    /// A storage, by index in the heap.
    Storage(usize),
    /// A tensor, by index in the heap.
    Tensor(usize),
}

impl Value<'_> {
    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Long(_) => "an integer",
            Self::Float => "a float",
            Self::Str(_) => "text",
            Self::Global(_) => "a global",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dictionary",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }
}

/// A storage as a pickle refers to it; its elements are elsewhere in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StorageRef<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) key: &'a str,
    /// Elements of the whole storage.
    pub(crate) count: usize,
    /// First element and element count of a view (legacy container only).
    pub(crate) view: Option<(usize, usize)>,
}

/// A tensor as a pickle describes it: unchecked.
#[derive(Clone, Debug)]
pub(crate) struct TensorRef<'a> {
    pub(crate) storage: StorageRef<'a>,
    /// First element in the storage.
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

/// Everything that values refer to by index.
#[derive(Default)]
pub(crate) struct Heap<'a> {
    /// Lists and tuples.
    pub(crate) sequences: Vec<Vec<Value<'a>>>,
    pub(crate) dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub(crate) storages: Vec<StorageRef<'a>>,
    pub(crate) tensors: Vec<TensorRef<'a>>,
}

/// A pickle that was read to its end.
pub(crate) struct Pickle<'a> {
    pub(crate) heap: Heap<'a>,
    /// The object that was pickled.
    pub(crate) root: Value<'a>,
    /// Bytes of the pickle, its STOP included.
    pub(crate) used: usize,
}

impl<'a> Pickle<'a> {
    /// The entries of a dictionary; nothing for other values.
    pub(crate) fn entries(&self, value: Value<'a>) -> &[(Value<'a>, Value<'a>)] {
        match value {
            Value::Dict(at) => &self.heap.dicts[at],
            _ => &[],
        }
    }

    /// The items of a list or tuple; nothing for other values.
    pub(crate) fn items(&self, value: Value<'a>) -> &[Value<'a>] {
        match value {
            Value::List(at) | Value::Tuple(at) => &self.heap.sequences[at],
            _ => &[],
        }
    }

    /// Keys and values of a dictionary, or indices and items of a list or tuple.
    pub(crate) fn children(
        &self,
        value: Value<'a>,
    ) -> impl Iterator<Item = (Value<'a>, Value<'a>)> + '_ {
        let items = self.items(value).iter().zip(0..);
        let items = items.map(|(item, index)| (Value::Int(index), *item));
        self.entries(value).iter().copied().chain(items)
    }

    /// The tensor that `value` is, if it is one.
    pub(crate) fn tensor(&self, value: Value<'a>) -> Option<&TensorRef<'a>> {
        match value {
            Value::Tensor(at) => self.heap.tensors.get(at),
            _ => None,
        }
    }

    /// Every storage that was named, also those of tensors that are not needed.
    pub(crate) fn storages(&self) -> &[StorageRef<'a>] {
        &self.heap.storages
    }

    /// How many containers there are.
    pub(crate) fn containers(&self) -> usize {
        self.heap.sequences.len() + self.heap.dicts.len()
    }

    /// A unique number below [`Self::containers`] for the container, if `value` is one.
    pub(crate) fn container(&self, value: Value<'a>) -> Option<usize> {
        match value {
            Value::List(at) | Value::Tuple(at) => Some(at),
            Value::Dict(at) => Some(self.heap.sequences.len() + at),
            _ => None,
        }
    }

    /// Whether `value` is a list or a tuple.
    pub(crate) fn is_sequence(&self, value: Value<'a>) -> bool {
        matches!(value, Value::List(_) | Value::Tuple(_))
    }
}
