//! The container of torch 1.6 and later: a zip archive with the objects in `data.pkl` and one
//! entry `data/KEY` for each storage.

use std::ops::Range;

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::quote::quote;
use crate::model::checkpoint::table::Table;
use crate::model::checkpoint::torch::pickle;
use crate::model::checkpoint::torch::pickle::StorageRef;
use crate::model::checkpoint::torch::state_dict;
use crate::model::checkpoint::torch::zip;
use crate::model::checkpoint::torch::zip::Entries;

/// The tensors of the archive `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Parse<Table> {
    let archive = zip::open(bytes)?;
    let entries = zip::entries(&archive)?;
    let folder = folder(&entries)?;
    refuse_code(&entries, folder)?;
    refuse_big_endian(bytes, &entries, folder)?;
    let range = entries.get(format!("{folder}data.pkl").as_str());
    let range = range.ok_or("data.pkl is gone")?.clone();
    let objects = pickle::read(&bytes[range]).map_err(|fault| format!("data.pkl: {fault}"))?;
    state_dict::table(&objects, |storage| stored(&entries, folder, storage))
}

/// The folder that contains everything, with its slash: from the file's first name, or `archive/`.
fn folder<'a>(entries: &Entries<'a>) -> Parse<&'a str> {
    let mut folders = entries.keys().filter_map(|name| {
        let folder = name.strip_suffix("data.pkl")?;
        (folder.is_empty() || folder.ends_with('/')).then_some(folder)
    });
    match (folders.next(), folders.next()) {
        (Some(folder), None) => Ok(folder),
        (None, _) => Err("a zip archive without data.pkl, so not torch's".to_owned()),
        (Some(_), Some(_)) => Err("a zip archive with more than one data.pkl".to_owned()),
    }
}

fn refuse_code(entries: &Entries<'_>, folder: &str) -> Parse<()> {
    let is_code = |name: &&&str| {
        let name = name.strip_prefix(folder).unwrap_or_default();
        name.starts_with("code/") || name == "constants.pkl"
    };
    match entries.keys().find(is_code) {
        None => Ok(()),
        Some(name) => Err(format!(
            "a TorchScript archive, which holds code ({})",
            quote(name)
        )),
    }
}

fn refuse_big_endian(bytes: &[u8], entries: &Entries<'_>, folder: &str) -> Parse<()> {
    match entries.get(format!("{folder}byteorder").as_str()) {
        None => Ok(()),
        Some(range) if bytes[range.clone()] == *b"little" => Ok(()),
        Some(_) => Err("its byteorder is not little".to_owned()),
    }
}

/// Where the bytes of `storage` are.
fn stored(entries: &Entries<'_>, folder: &str, storage: &StorageRef<'_>) -> Parse<Range<usize>> {
    let key = quote(storage.key);
    if storage.view.is_some() {
        return Err(format!(
            "storage {key} is a view, which only the legacy container has"
        ));
    }
    let name = format!("{folder}data/{}", storage.key);
    let range = entries.get(name.as_str());
    let range = range.ok_or_else(|| format!("storage {key} is missing"))?;
    match storage.count.checked_mul(storage.dtype.bytes()) {
        Some(bytes) if bytes == range.len() => Ok(range.clone()),
        _ => Err(format!(
            "storage {key} claims {} elements of {:?}, the archive holds {} bytes",
            storage.count,
            storage.dtype,
            range.len()
        )),
    }
}
