//! Which files a batch reads and where each result goes.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// What a path on the command line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file; it may turn out not to be there.
    File(PathBuf),
}

impl Source {
    /// As the user would name it.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "-".into(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// PNG on standard output.
    Stdout,
    /// A file; the extension chooses the format.
    File(PathBuf),
}

/// One input and its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is read.
    pub source: Source,
    /// What is written.
    pub target: Target,
}

/// Extensions that are taken for JPEG in a folder.
pub const JPEG: &[&str] = &["jpg", "jpeg", "jpe", "jfif"];
/// Extensions that can be written and compared.
pub const PICTURES: &[&str] = &["png", "tif", "tiff", "webp", "ppm", "pgm", "pnm"];

/// Whether `path` has one of `extensions`, in whatever case.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// The files with `extensions` below `folder`, sorted, as paths relative to it.
pub fn below(folder: &Path, extensions: &[&str]) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if has_extension(&path, extensions) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Pairs every input with its output.
///
/// One input that is no folder goes to the file `output`; anything else goes into the folder
/// `output` as PNG, folders with their structure.
/// In folders, files with the extensions `wanted` are inputs.
///
/// A JPEG is written only when `to_jpeg` says that its tables are known.
pub fn plan(inputs: &[PathBuf], output: &Path, wanted: &[&str], to_jpeg: bool) -> Result<Vec<Job>> {
    let single = inputs.len() == 1 && !inputs[0].is_dir();
    if output.as_os_str() == "-" {
        if !single {
            bail!("-o -: standard output takes one picture, not several");
        }
        return Ok(vec![Job {
            source: source(&inputs[0]),
            target: Target::Stdout,
        }]);
    }
    let names_folder = output.is_dir() || output.to_string_lossy().ends_with('/');
    if single && !names_folder {
        if has_extension(output, JPEG) && !to_jpeg {
            bail!(
                "-o {}: a JPEG needs --tables, source or a quality",
                output.display()
            );
        }
        if !has_extension(output, PICTURES) && !has_extension(output, JPEG) {
            let list = PICTURES.join(", ");
            bail!(
                "-o {}: the extension must be one of {list}",
                output.display()
            );
        }
        return Ok(vec![Job {
            source: source(&inputs[0]),
            target: Target::File(output.to_owned()),
        }]);
    }
    if output.exists() && !output.is_dir() {
        bail!("-o {}: several inputs need a folder", output.display());
    }
    into_folder(inputs, output, wanted)
}

fn source(path: &Path) -> Source {
    match path.as_os_str() == "-" {
        true => Source::Stdin,
        false => Source::File(path.to_owned()),
    }
}

fn into_folder(inputs: &[PathBuf], output: &Path, wanted: &[&str]) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    let mut taken = HashSet::new();
    for input in inputs {
        let (root, files) = match input.is_dir() {
            true => (input.clone(), below(input, wanted)?),
            false => (PathBuf::new(), vec![input.clone()]),
        };
        if input.is_dir() && files.is_empty() {
            bail!("{}: no {} files in this folder", input.display(), wanted[0]);
        }
        for file in files {
            let relative = match input.is_dir() {
                true => file.clone(),
                false => PathBuf::from(file.file_name().unwrap_or("stdin".as_ref())),
            };
            let target = free_name(output.join(relative), &mut taken);
            jobs.push(Job {
                source: source(&root.join(file)),
                target: Target::File(target),
            });
        }
    }
    Ok(jobs)
}

/// `a.jpg` becomes `a.png`; when that is taken (by `a.jpeg`, say), `a.jpeg.png`, `a.jpeg.2.png`…
fn free_name(path: PathBuf, taken: &mut HashSet<PathBuf>) -> PathBuf {
    let full = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut candidate = path.with_extension("png");
    let mut number = 1;
    while !taken.insert(candidate.clone()) {
        candidate = match number {
            1 => path.with_file_name(format!("{full}.png")),
            n => path.with_file_name(format!("{full}.{n}.png")),
        };
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(jobs: &[Job]) -> Vec<String> {
        jobs.iter()
            .map(|job| match &job.target {
                Target::File(path) => path.display().to_string(),
                Target::Stdout => "-".into(),
            })
            .collect()
    }

    #[test]
    fn equal_names_do_not_overwrite_each_other() {
        let inputs = ["x/a.jpg", "x/a.jpeg", "y/a.jpg", "z/a.jpg"].map(PathBuf::from);
        let jobs = plan(&inputs, Path::new("out"), JPEG, false).unwrap();
        assert_eq!(
            names(&jobs),
            [
                "out/a.png",
                "out/a.jpeg.png",
                "out/a.jpg.png",
                "out/a.jpg.2.png"
            ]
        );
    }

    #[test]
    fn a_folder_keeps_its_structure() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["b.JPG", "sub/a.jpeg", "notes.txt"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let jobs = plan(&[folder.path().to_owned()], Path::new("out"), JPEG, false).unwrap();
        assert_eq!(names(&jobs), ["out/b.png", "out/sub/a.png"]);
    }

    #[test]
    fn an_extension_that_cannot_be_written_is_refused() {
        let message = plan(&[PathBuf::from("a.jpg")], Path::new("a.gif"), JPEG, false)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("a.gif") && message.contains("png"),
            "{message}"
        );
    }
}
