//! An open checkpoint of any container: the [`TensorSource`] of this folder.
//!
//! The parsers of the containers make a `Table`; reading elements, gathering them and the check for
//! finite values are here, for all containers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::model::checkpoint::backing::Backing;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::sniff;
use crate::model::checkpoint::sniff::Container;
use crate::model::checkpoint::table::{Entry, Layout, Table};
use crate::model::checkpoint::torch::{legacy, zipped};
use crate::model::checkpoint::{Parse, finite, safetensors, strided};
use crate::runtime::tensors::{HostTensor, TensorInfo, TensorSource};

/// A checkpoint whose names, types, shapes and offsets were checked when it was opened.
pub struct Checkpoint {
    origin: String,
    backing: Backing,
    container: Container,
    table: Table,
}

impl Checkpoint {
    /// Maps and checks the file `path`.
    ///
    /// # Errors
    /// `Error::Io` if it cannot be opened; `Error::Checkpoint` if it is not a checkpoint.
    pub fn open(path: &Path) -> Result<Self> {
        Self::parse(path.display().to_string(), Backing::map(path)?)
    }

    /// Checks a checkpoint held in memory.
    ///
    /// # Errors
    /// `Error::Checkpoint` if it is not one.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self> {
        Self::parse("model in memory".to_owned(), Backing::held(bytes.into()))
    }

    /// Checks a checkpoint that is built into this program.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn built_in(bytes: &'static [u8]) -> Result<Self> {
        Self::parse("model in memory".to_owned(), Backing::program(bytes))
    }

    /// The container that was detected.
    pub fn container(&self) -> Container {
        self.container
    }

    fn parse(origin: String, backing: Backing) -> Result<Self> {
        let parsed = sniff::container(&backing)
            .and_then(|container| Ok((container, read_table(container, &backing)?)));
        let (container, table) =
            parsed.map_err(|fault| Error::Checkpoint(format!("{origin}: {fault}")))?;
        Ok(Self {
            origin,
            backing,
            container,
            table,
        })
    }

    fn fault(&self, name: &str, fault: &str) -> Error {
        let (origin, name) = (&self.origin, quote(name));
        Error::Checkpoint(format!("{origin}: tensor {name} {fault}"))
    }

    fn elements(&self, entry: &Entry) -> Parse<Cow<'_, [u8]>> {
        self.backing.about_to_read(entry.span.len());
        let span = self.backing.get(entry.span.clone());
        let span = span.ok_or("lies outside the file")?;
        let bytes = match &entry.layout {
            Layout::Contiguous => Cow::Borrowed(span),
            Layout::Strided(strides) => Cow::Owned(strided::gather(span, &entry.info, strides)),
        };
        finite::check(entry.info.dtype, &bytes)?;
        Ok(bytes)
    }
}

fn read_table(container: Container, bytes: &[u8]) -> Parse<Table> {
    let table = match container {
        Container::Safetensors => safetensors::read(bytes),
        Container::TorchZip => zipped::read(bytes),
        Container::TorchLegacy => legacy::read(bytes),
    };
    table
        .and_then(|table| table.finish(bytes.len()))
        .map_err(|fault| format!("{container}: {fault}"))
}

impl TensorSource for Checkpoint {
    fn names(&self) -> Vec<String> {
        self.table.entries.keys().cloned().collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.table.entries.get(name).map(|entry| entry.info.clone())
    }

    fn read(&self, name: &str) -> Result<HostTensor<'_>> {
        let entry = self.table.entries.get(name);
        let entry = entry.ok_or_else(|| self.fault(name, "is not in it"))?;
        let bytes = self
            .elements(entry)
            .map_err(|fault| self.fault(name, &fault))?;
        Ok(HostTensor {
            info: entry.info.clone(),
            bytes,
        })
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.table.metadata
    }
}
