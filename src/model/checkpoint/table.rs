//! The result of parsing any container: a table of tensors by name, with their position in the
//! file.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::limits;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::strided;
use crate::runtime::tensors::TensorInfo;

/// How a tensor's elements are arranged between the first and the last.
pub(crate) enum Layout {
    /// One after the other, row-major.
    Contiguous,
    /// With these distances, in elements, along each dimension.
    Strided(Vec<usize>),
}

/// One tensor and its position.
pub(crate) struct Entry {
    /// Type and shape.
    pub(crate) info: TensorInfo,
    /// How the elements are arranged in `span`.
    pub(crate) layout: Layout,
    /// Bytes of the file from the first element to the last.
    pub(crate) span: Range<usize>,
}

/// All tensors of a file, and its metadata.
#[derive(Default)]
pub(crate) struct Table {
    /// By name.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// The text metadata that safetensors carry.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Table {
    /// Adds a tensor.
    ///
    /// # Errors
    /// If the name is taken or too long, or the table is full.
    pub(crate) fn insert(&mut self, name: String, entry: Entry) -> Parse<()> {
        if name.len() > limits::NAME_BYTES {
            let (shown, limit) = (quote(&name), limits::NAME_BYTES);
            return Err(format!("the name {shown} is longer than {limit} bytes"));
        }
        if self.entries.len() >= limits::TENSORS {
            return Err(format!("more than {} tensors", limits::TENSORS));
        }
        let shown = quote(&name);
        match self.entries.insert(name, entry) {
            None => Ok(()),
            Some(_) => Err(format!("two tensors are named {shown}")),
        }
    }

    /// The last steps, the same for all containers: checks that there are tensors and that they are
    /// not many times the file's size, and removes a DataParallel prefix `module.` if every name
    /// has it.
    pub(crate) fn finish(mut self, file_bytes: usize) -> Parse<Self> {
        if self.entries.is_empty() {
            return Err("no tensors in it".to_owned());
        }
        let claimed: u128 = self.entries.values().map(claimed_bytes).sum();
        let limit = file_bytes as u128 * limits::SHARING as u128;
        if claimed > limit {
            return Err(format!(
                "its tensors claim {claimed} bytes, more than {} times the {file_bytes} of the file",
                limits::SHARING
            ));
        }
        if self.entries.keys().all(|name| name.starts_with("module.")) {
            let old = std::mem::take(&mut self.entries);
            let named =
                |(name, entry): (String, Entry)| (name["module.".len()..].to_owned(), entry);
            self.entries = old.into_iter().map(named).collect();
        }
        Ok(self)
    }
}

fn claimed_bytes(entry: &Entry) -> u128 {
    let count = strided::count(&entry.info.shape).unwrap_or(usize::MAX);
    count as u128 * entry.info.dtype.bytes() as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tensors::Dtype;

    fn entry() -> Entry {
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: vec![2],
        };
        Entry {
            info,
            layout: Layout::Contiguous,
            span: 0..8,
        }
    }

    fn table(names: &[&str]) -> Parse<Table> {
        let mut table = Table::default();
        names
            .iter()
            .try_for_each(|name| table.insert((*name).to_owned(), entry()))?;
        Ok(table)
    }

    fn names(table: &Table) -> Vec<&str> {
        table.entries.keys().map(String::as_str).collect()
    }

    #[test]
    fn the_parallel_prefix_goes_only_when_every_name_has_it() {
        let all = table(&["module.a", "module.b.c"])
            .unwrap()
            .finish(8)
            .unwrap();
        assert_eq!(names(&all), ["a", "b.c"]);
        let some = table(&["module.a", "b"]).unwrap().finish(8).unwrap();
        assert_eq!(names(&some), ["b", "module.a"]);
    }

    #[test]
    fn twice_the_same_name_and_too_long_names_are_refused() {
        assert!(
            table(&["a", "a"])
                .err()
                .unwrap()
                .contains("two tensors are named a")
        );
        assert!(
            table(&["n".repeat(257).as_str()])
                .err()
                .unwrap()
                .contains("256")
        );
        assert!(
            Table::default()
                .finish(8)
                .err()
                .unwrap()
                .contains("no tensors")
        );
    }

    #[test]
    fn sharing_is_bounded_by_the_size_of_the_file() {
        let many: Vec<String> = (0..9).map(|i| i.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(table(&many[..8]).unwrap().finish(8).is_ok());
        assert!(
            table(&many)
                .unwrap()
                .finish(8)
                .err()
                .unwrap()
                .contains("72 bytes")
        );
    }
}
