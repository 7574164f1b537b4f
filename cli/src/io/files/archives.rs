//! Archives as inputs: each becomes an archive.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::io::files::{
    Batch, Inputs, Job, Output, Target, check_replaced, format, has_extension,
    no_input_is_an_error, one_result_each, places, source,
};

/// Extensions of archives.
const WANTED: &[&str] = &["tar"];

/// Whether the inputs are archives, by their names or that of the output; `named`: whatever their
/// names.
///
/// # Errors
/// If only some of them are.
pub fn are_archives(inputs: Inputs<'_>, output: &Path, named: bool) -> Result<bool> {
    if named || has_extension(output, WANTED) {
        return Ok(true);
    }
    let all = || inputs.typed.iter().chain(inputs.listed);
    let is_archive = |path: &&PathBuf| has_extension(path, WANTED) && !path.is_dir();
    match (all().find(is_archive), all().find(|path| !is_archive(path))) {
        (None, _) => Ok(false),
        (Some(_), None) => Ok(true),
        (Some(archive), Some(other)) => bail!(
            "{} is an archive and {} is not: one call for each kind (--tar if both are)",
            archive.display(),
            other.display()
        ),
    }
}

/// Pairs every archive with its result: one with the file `output`, or standard output, several
/// with files of their own names in the folder `output`. In folders, `*.tar` are inputs.
pub fn plan(inputs: Inputs<'_>, output: Output<'_>) -> Result<Batch> {
    let path = output.path;
    let typed = inputs.typed;
    let whole = inputs.listed.is_empty() && inputs.shard.is_none();
    let single = typed.len() == 1 && !typed[0].is_dir() && whole;
    let names_folder = path.is_dir() || path.to_string_lossy().ends_with('/');
    let batch = match (single, path.as_os_str() == "-") {
        (true, true) => one(&typed[0], Target::Stdout, output)?,
        (false, true) => bail!("-o -: standard output takes one archive"),
        (true, false) if !names_folder => {
            if !has_extension(path, WANTED) {
                bail!(
                    "-o {}: an archive becomes an archive: the extension must be tar",
                    path.display()
                );
            }
            one(&typed[0], Target::File(path.to_owned()), output)?
        }
        (false, false) if path.exists() && !path.is_dir() => {
            bail!("-o {}: several archives need a folder", path.display());
        }
        (_, false) => into_folder(inputs, output)?,
    };
    check_replaced(&batch.jobs, output, names_folder || !single)?;
    Ok(batch)
}

fn one(input: &Path, target: Target, output: Output<'_>) -> Result<Batch> {
    Ok(Batch {
        jobs: vec![job(input, target, output)?],
        ..Batch::default()
    })
}

fn job(input: &Path, target: Target, output: Output<'_>) -> Result<Job> {
    Ok(Job {
        source: source(input),
        target,
        format: format(output)?,
        member: None,
    })
}

fn into_folder(inputs: Inputs<'_>, output: Output<'_>) -> Result<Batch> {
    let mut batch = Batch::default();
    for (path, relative) in places(inputs, output, WANTED, &mut batch) {
        let name = match path.as_os_str() == "-" {
            true => "stdin.tar".into(),
            false => relative,
        };
        let target = Target::File(output.path.join(name));
        batch.jobs.push(job(&path, target, output)?);
    }
    no_input_is_an_error(&batch)?;
    one_result_each(&mut batch)?;
    if let Some(shard) = inputs.shard {
        batch.jobs.retain(|job| job.is_in(shard, output.path));
    }
    Ok(batch)
}
