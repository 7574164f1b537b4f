//! Names of results in a folder. A name depends on the input and its neighbours on disk, never on
//! what was restored before, so that `--resume` finds it again.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names results after inputs with one of `wanted`.
pub struct Names<'a> {
    wanted: &'a [&'a str],
    extension: &'a str,
    /// By folder: stems that several inputs of it share.
    shared: HashMap<PathBuf, HashSet<PathBuf>>,
}

impl<'a> Names<'a> {
    /// For results with `extension`.
    pub fn new(wanted: &'a [&'a str], extension: &'a str) -> Self {
        Self {
            wanted,
            extension,
            shared: HashMap::new(),
        }
    }

    /// `a.jpg` becomes `a.png`; beside `a.jpeg` it becomes `a.jpg.png`. `input` is the path that
    /// is read, `relative` where the result belongs.
    pub fn result(&mut self, input: &Path, relative: &Path) -> PathBuf {
        let folder = input.parent().unwrap_or(Path::new("")).to_owned();
        let stem = PathBuf::from(input.file_stem().unwrap_or_default());
        let wanted = self.wanted;
        let shared = self.shared.entry(folder);
        let shared = shared.or_insert_with_key(|folder| shared_stems(folder, wanted));
        match shared.contains(&stem) {
            true => {
                let mut whole = relative.as_os_str().to_owned();
                whole.push(".");
                whole.push(self.extension);
                whole.into()
            }
            false => relative.with_extension(self.extension),
        }
    }
}

/// The stems of `folder` that several files with `wanted` have; none where it cannot be read.
fn shared_stems(folder: &Path, wanted: &[&str]) -> HashSet<PathBuf> {
    let here = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let mut seen = HashSet::new();
    let mut shared = HashSet::new();
    for entry in fs::read_dir(here).into_iter().flatten().flatten() {
        let name = PathBuf::from(entry.file_name());
        let stem = PathBuf::from(name.file_stem().unwrap_or_default());
        if crate::io::files::has_extension(&name, wanted) && !seen.insert(stem.clone()) {
            shared.insert(stem);
        }
    }
    shared
}
