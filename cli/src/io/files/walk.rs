//! The files below a folder, by extension: linked folders are followed, and what is left out is
//! named.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use walkdir::WalkDir;

/// What a folder was found to hold.
#[derive(Debug, Default)]
pub struct Found {
    /// Files, sorted, as paths relative to the folder.
    pub files: Vec<PathBuf>,
    /// What was left out.
    pub notes: Vec<String>,
    /// What could not be read: name and reason.
    pub failures: Vec<(String, String)>,
}

/// The files with `extensions` below `folder`, except those in the folder `but`.
pub fn walk(folder: &Path, extensions: &[&str], but: Option<&Path>) -> Found {
    let mut found = Found::default();
    let mut companions = 0usize;
    let but = but.and_then(|path| path.canonicalize().ok());
    let mut entries = WalkDir::new(folder).follow_links(true).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.note_error(&error, extensions);
                continue;
            }
        };
        let (path, is_folder) = (entry.path(), entry.file_type().is_dir());
        if is_folder && entry.depth() > 0 && but.is_some() && path.canonicalize().ok() == but {
            let name = path.display();
            found
                .notes
                .push(format!("{name}: left out: results go there"));
            entries.skip_current_dir();
        } else if !is_folder && crate::io::files::has_extension(path, extensions) {
            match is_apple_double(path) {
                true => companions += 1,
                false => {
                    let relative = path.strip_prefix(folder).unwrap_or(path);
                    found.files.push(relative.to_owned());
                }
            }
        }
    }
    if companions > 0 {
        let name = folder.display();
        found
            .notes
            .push(companions_note(&name.to_string(), companions));
    }
    found.files.sort();
    found
}

/// Says that `count` files of AppleDouble were left out.
pub fn companions_note(name: &str, count: usize) -> String {
    let files = if count == 1 { "file" } else { "files" };
    format!("{name}: {count} {files} ._* left out: macOS keeps attributes of files there")
}

/// [`walk`] for what needs every file: the first that cannot be read is an error.
pub fn below(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let found = walk(folder, extensions, None);
    if let Some((name, why)) = found.failures.first() {
        bail!("{name}: {why}");
    }
    Ok(found.files)
}

impl Found {
    /// A link back to a folder that contains it is left out; a dangling link is a failure only if
    /// it has the name of an input.
    fn note_error(&mut self, error: &walkdir::Error, extensions: &[&str]) {
        let path = error.path().unwrap_or(Path::new(""));
        let name = path.display().to_string();
        if let Some(ancestor) = error.loop_ancestor() {
            let back = ancestor.display();
            self.notes
                .push(format!("{name}: left out: a link back to {back}"));
            return;
        }
        let dangling = path.is_symlink() && !crate::io::files::has_extension(path, extensions);
        if !dangling {
            let why = error.io_error().map(ToString::to_string);
            let why = why.unwrap_or_else(|| error.to_string());
            self.failures.push((name, why));
        }
    }
}

/// Whether a file is one in which macOS stores attributes of another: `._` and that file's name.
pub fn is_apple_double(path: &Path) -> bool {
    const MAGIC: [u8; 4] = [0, 5, 0x16, 7];
    let name = path.file_name().unwrap_or_default();
    let mut start = [0; 4];
    name.as_encoded_bytes().starts_with(b"._")
        && File::open(path)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok()
        && start == MAGIC
}
