//! Which files a batch reads and where each result goes.

mod names;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Result, bail};

use crate::io::files::names::Names;
pub use crate::io::files::walk::below;
use crate::io::format::Format;

/// What a path on the command line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file, which may not exist.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Target {
    /// As the user would name it.
    pub fn name(&self) -> String {
        match self {
            Self::Stdout => "-".into(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// One input and its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The input.
    pub source: Source,
    /// The output.
    pub target: Target,
    /// The format of the output.
    pub format: Format,
}

/// What a command line asks for.
#[derive(Debug, Default)]
pub struct Batch {
    /// Every input with its output.
    pub jobs: Vec<Job>,
    /// What was left out.
    pub notes: Vec<String>,
    /// Paths that cannot be inputs: name and reason.
    pub failures: Vec<(String, String)>,
}

/// What the command line says about outputs.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// The file, the folder, or `-`.
    pub path: &'a Path,
    /// Whether JPEG was asked for, by a quality or tables.
    pub jpeg: bool,
    /// The format that was named.
    pub format: Option<Format>,
    /// Outputs that exist are kept, and their inputs are skipped.
    pub resume: bool,
    /// Outputs that exist may be written again.
    pub overwrite: bool,
}

/// Extensions of the files in a folder that count as JPEG.
pub const JPEG: &[&str] = &["jpg", "jpeg", "jpe", "jfif"];
/// Extensions of pictures that can be written and read.
pub static PICTURES: LazyLock<Vec<&str>> = LazyLock::new(|| Format::picture_extensions().collect());

/// Whether `path` has one of `extensions`, in whatever case.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// Pairs every input with its output.
///
/// A single input that is not a folder goes to the file `output`; anything else goes into the
/// folder `output`, and folders keep their structure. In folders, files with the extensions
/// `wanted` are inputs.
pub fn plan(inputs: &[PathBuf], output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let path = output.path;
    let single = inputs.len() == 1 && !inputs[0].is_dir();
    if path.as_os_str() == "-" {
        let format = format(output)?;
        return match (single, format.is_of_frames()) {
            (true, _) => Ok(one(&inputs[0], Target::Stdout, format)),
            (false, true) => frames(inputs, output, wanted),
            (false, false) => bail!(
                "-o -: standard output takes one picture, not several, but for frames: --format \
                 y4m, rgb or yuv"
            ),
        };
    }
    let names_folder = path.is_dir() || path.to_string_lossy().ends_with('/');
    let batch = match single && !names_folder {
        true => {
            let format = named_format(output)?;
            one(&inputs[0], Target::File(path.to_owned()), format)
        }
        false if path.exists() && !path.is_dir() => {
            bail!("-o {}: several inputs need a folder", path.display());
        }
        false => into_folder(inputs, output, wanted)?,
    };
    check_replaced(&batch.jobs, output, names_folder || !single)?;
    Ok(batch)
}

/// The format of files that the command names.
fn format(output: Output<'_>) -> Result<Format> {
    match (output.jpeg, output.format) {
        (true, None | Some(Format::Jpeg)) => Ok(Format::Jpeg),
        (true, Some(format)) => {
            let format = format.name();
            bail!("--tables and --out-quality are for JPEG, and --format is {format}");
        }
        (false, format) => Ok(format.unwrap_or(Format::Png)),
    }
}

/// The format that was named, or that of the extension.
fn named_format(output: Output<'_>) -> Result<Format> {
    if output.format.is_some() {
        return format(output);
    }
    let name = output.path.display();
    let Some(format) = Format::of(output.path) else {
        let list = Vec::from_iter(Format::extensions()).join(", ");
        bail!("-o {name}: the extension must be one of {list}");
    };
    if output.jpeg && format != Format::Jpeg {
        let format = format.name();
        bail!("-o {name}: --tables and --out-quality are for JPEG, and this is a {format}");
    }
    Ok(format)
}

/// Every input as a frame of one stream, in the order of the command line and of names.
fn frames(inputs: &[PathBuf], output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let mut batch = Batch::default();
    let format = format(output)?;
    for input in inputs {
        for relative in files_of(input, output, wanted, &mut batch) {
            let path = relative.map_or_else(|| input.clone(), |inner| input.join(inner));
            batch.jobs.push(Job {
                source: source(&path),
                target: Target::Stdout,
                format,
            });
        }
    }
    no_input_is_an_error(&batch)?;
    Ok(batch)
}

fn one(input: &Path, target: Target, format: Format) -> Batch {
    let job = Job {
        source: source(input),
        target,
        format,
    };
    Batch {
        jobs: vec![job],
        ..Batch::default()
    }
}

fn source(path: &Path) -> Source {
    match path.as_os_str() == "-" {
        true => Source::Stdin,
        false => Source::File(path.to_owned()),
    }
}

fn into_folder(inputs: &[PathBuf], output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let mut batch = Batch::default();
    let format = format(output)?;
    let mut names = Names::new(wanted, format.extension());
    for input in inputs {
        for relative in files_of(input, output, wanted, &mut batch) {
            // A file below a folder, or the input itself.
            let (path, relative) = match relative {
                Some(inner) => (input.join(&inner), inner),
                None => {
                    let name = input.file_name().unwrap_or("stdin".as_ref());
                    (input.clone(), PathBuf::from(name))
                }
            };
            let target = output.path.join(names.result(&path, &relative));
            batch.jobs.push(Job {
                source: source(&path),
                target: Target::File(target),
                format,
            });
        }
    }
    no_input_is_an_error(&batch)?;
    one_result_each(&mut batch)?;
    Ok(batch)
}

fn no_input_is_an_error(batch: &Batch) -> Result<()> {
    match (batch.jobs.is_empty(), batch.failures.first()) {
        (true, Some((name, why))) => bail!("{name}: {why}"),
        _ => Ok(()),
    }
}

/// The inputs that `input` stands for: those below a folder, or `None` for itself.
fn files_of(
    input: &Path,
    output: Output<'_>,
    wanted: &[&str],
    batch: &mut Batch,
) -> Vec<Option<PathBuf>> {
    let name = input.display().to_string();
    if !input.is_dir() {
        if walk::is_apple_double(input) {
            batch.notes.push(walk::companions_note(&name, 1));
            return Vec::new();
        }
        return vec![None];
    }
    let mut found = walk::walk(input, wanted, Some(output.path));
    batch.notes.append(&mut found.notes);
    batch.failures.append(&mut found.failures);
    if found.files.is_empty() {
        let why = format!("no {} files in this folder", wanted[0]);
        batch.failures.push((name, why));
    }
    found.files.into_iter().map(Some).collect()
}

/// An input that is named twice is restored once; two inputs with the same result are refused.
fn one_result_each(batch: &mut Batch) -> Result<()> {
    let mut of: HashMap<Target, Source> = HashMap::new();
    let mut jobs = Vec::with_capacity(batch.jobs.len());
    for job in batch.jobs.drain(..) {
        match of.get(&job.target) {
            Some(first) if *first == job.source => continue,
            Some(first) => {
                let (first, second) = (first.name(), job.source.name());
                let target = job.target.name();
                bail!(
                    "{first} and {second} would both become {target}: name another folder for one"
                );
            }
            None => of.insert(job.target.clone(), job.source.clone()),
        };
        jobs.push(job);
    }
    batch.jobs = jobs;
    Ok(())
}

/// Refuses to replace inputs, or files in a folder, unless that was asked for.
fn check_replaced(jobs: &[Job], output: Output<'_>, in_folder: bool) -> Result<()> {
    if output.overwrite || output.resume {
        return Ok(());
    }
    let there = jobs.iter().filter(|job| match &job.target {
        Target::File(path) => path.exists() && (in_folder || job.is_onto_itself()),
        Target::Stdout => false,
    });
    let there: Vec<&Job> = there.collect();
    let Some(first) = there.first() else {
        return Ok(());
    };
    let name = first.target.name();
    let more = match there.len() - 1 {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    match first.is_onto_itself() {
        true => bail!("{name}{more}: the result would replace its input: --overwrite does that"),
        false => bail!(
            "{name}{more}: exists: --resume leaves what is there alone, --overwrite replaces it"
        ),
    }
}

impl Job {
    /// Whether the result would be written over its input.
    fn is_onto_itself(&self) -> bool {
        match (&self.source, &self.target) {
            (Source::File(from), Target::File(to)) => {
                matches!((from.canonicalize(), to.canonicalize()), (Ok(a), Ok(b)) if a == b)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn into(path: &Path) -> Output<'_> {
        Output {
            path,
            jpeg: false,
            format: None,
            resume: false,
            overwrite: false,
        }
    }

    fn planned(inputs: &[PathBuf], output: &str) -> Result<Vec<String>> {
        let batch = plan(inputs, into(Path::new(output)), JPEG)?;
        Ok(batch.jobs.iter().map(|job| job.target.name()).collect())
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        folder
    }

    /// The neighbour counts even if it is not an input of this batch.
    #[test]
    fn neighbours_of_one_stem_keep_their_whole_names() {
        let files = folder(&["a.jpg", "a.JPEG", "b.jpg", "b.txt"]);
        let names = planned(&[files.path().to_owned()], "out").unwrap();
        assert_eq!(names, ["out/a.JPEG.png", "out/a.jpg.png", "out/b.png"]);
        let alone = planned(&[files.path().join("a.jpg")], "out/").unwrap();
        assert_eq!(alone, ["out/a.jpg.png"]);
    }

    #[test]
    fn two_inputs_of_one_result_are_refused_and_one_input_twice_is_one() {
        let refused = planned(&["x/a.jpg", "y/a.jpg"].map(PathBuf::from), "out");
        let said = refused.unwrap_err().to_string();
        for words in ["x/a.jpg", "y/a.jpg", "out/a.png"] {
            assert!(said.contains(words), "{said}");
        }
        let once = planned(&["x/a.jpg", "x/a.jpg"].map(PathBuf::from), "out").unwrap();
        assert_eq!(once, ["out/a.png"]);
    }

    #[test]
    fn a_folder_keeps_its_structure() {
        let files = folder(&["b.JPG", "sub/a.jpeg", "notes.txt"]);
        let names = planned(&[files.path().to_owned()], "out").unwrap();
        assert_eq!(names, ["out/b.png", "out/sub/a.png"]);
    }

    #[test]
    fn an_extension_that_cannot_be_written_is_refused() {
        let refused = planned(&[PathBuf::from("a.jpg")], "a.gif");
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("a.gif") && message.contains("png"),
            "{message}"
        );
    }
}
