//! Which files a batch reads and where each result goes.

pub mod archives;
mod list;
mod names;
mod output;
mod shard;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Result, bail};

pub use crate::io::files::list::read as read_list;
use crate::io::files::names::Names;
pub use crate::io::files::output::Output;
pub use crate::io::files::shard::Shard;
pub use crate::io::files::walk::{below, walk};
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
    /// The format of the output, or of the pictures in it.
    pub format: Format,
    /// The member that it is about, if the input is an archive.
    pub member: Option<String>,
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

/// What the command line says about inputs.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Files and folders that were typed.
    pub typed: &'a [PathBuf],
    /// Files of a list, whose folders count in the names of their results.
    pub listed: &'a [PathBuf],
    /// The part of them to restore; `None`: all.
    pub shard: Option<Shard>,
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
pub fn plan(inputs: Inputs<'_>, output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let path = output.path;
    let typed = inputs.typed;
    let whole = inputs.listed.is_empty() && inputs.shard.is_none();
    let single = typed.len() == 1 && !typed[0].is_dir() && whole;
    if path.as_os_str() == "-" {
        let format = format(output)?;
        return match (single, format.is_of_frames()) {
            (true, _) => Ok(one(&typed[0], Target::Stdout, format)),
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
            one(&typed[0], Target::File(path.to_owned()), format)
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
pub fn format(output: Output<'_>) -> Result<Format> {
    let usual = match output.tables || output.quality {
        true => Format::Jpeg,
        false => Format::Png,
    };
    let format = output.format.unwrap_or(usual);
    let name = format.name();
    match output.misfit(format) {
        Some(flag) => bail!("{flag}, and --format is {name}"),
        None => Ok(format),
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
    if let Some(flag) = output.misfit(format) {
        let format = format.name();
        bail!("-o {name}: {flag}, and this is a {format}");
    }
    Ok(format)
}

/// Every input as a frame of one stream, in the order of the command line and of names.
fn frames(inputs: Inputs<'_>, output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let mut batch = Batch::default();
    let format = format(output)?;
    if inputs.shard.is_some() {
        bail!("--shard: the frames of one stream have no parts");
    }
    for (path, _) in places(inputs, output, wanted, &mut batch) {
        batch.jobs.push(Job {
            source: source(&path),
            target: Target::Stdout,
            format,
            member: None,
        });
    }
    no_input_is_an_error(&batch)?;
    Ok(batch)
}

fn one(input: &Path, target: Target, format: Format) -> Batch {
    let job = Job {
        source: source(input),
        target,
        format,
        member: None,
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

fn into_folder(inputs: Inputs<'_>, output: Output<'_>, wanted: &[&str]) -> Result<Batch> {
    let mut batch = Batch::default();
    let places = places(inputs, output, wanted, &mut batch);
    let format = format(output)?;
    let mut names = Names::new(wanted, format.extension());
    for (path, relative) in places {
        let result = names.result(&path, &relative);
        batch.jobs.push(Job {
            source: source(&path),
            target: Target::File(output.path.join(result)),
            format,
            member: None,
        });
    }
    no_input_is_an_error(&batch)?;
    one_result_each(&mut batch)?;
    if let Some(shard) = inputs.shard {
        batch.jobs.retain(|job| job.is_in(shard, output.path));
    }
    Ok(batch)
}

/// Every input, and where it belongs below the output folder.
fn places(
    inputs: Inputs<'_>,
    output: Output<'_>,
    wanted: &[&str],
    batch: &mut Batch,
) -> Vec<(PathBuf, PathBuf)> {
    let mut places = Vec::new();
    for input in inputs.typed {
        for inner in files_of(input, output, wanted, batch) {
            // A file below a folder, or the input itself.
            places.push(match inner {
                Some(inner) => (input.join(&inner), inner),
                None => {
                    let name = input.file_name().unwrap_or("stdin".as_ref());
                    (input.clone(), PathBuf::from(name))
                }
            });
        }
    }
    let listed = inputs.listed.iter();
    places.extend(listed.filter_map(|path| Some((path.clone(), list::below(path)?))));
    places
}

/// The name of the result of the file `path` that lies at `inner` below an input folder.
pub fn name_of_result(path: &Path, inner: &Path, wanted: &[&str], format: Format) -> PathBuf {
    Names::new(wanted, format.extension()).result(path, inner)
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
    let mut found = walk(input, wanted, Some(output.path));
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
    /// The input as the user would name it, with its archive.
    pub fn name(&self) -> String {
        let source = self.source.name();
        match &self.member {
            Some(member) => format!("{source}: {member}"),
            None => source,
        }
    }

    /// Whether it belongs to a part of a batch into the folder `output`.
    fn is_in(&self, shard: Shard, output: &Path) -> bool {
        match &self.target {
            Target::File(path) => shard.has(path.strip_prefix(output).unwrap_or(path)),
            Target::Stdout => true,
        }
    }

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
mod plan_tests;
