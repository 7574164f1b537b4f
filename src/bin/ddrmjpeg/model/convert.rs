//! `ddrmjpeg model convert`: a checkpoint of any container as safetensors.

use anyhow::{Context, Result, bail};
use ddrmjpeg::prior::checkpoint::write_safetensors;
use ddrmjpeg::prior::tensors::TensorSource;
use indicatif::DecimalBytes;

use super::args::ConvertArgs;
use super::bar::{Bar, Watched};
use super::subject::Subject;
use crate::stdout::outln;
use crate::{Outcome, files, message};

/// Writes the output, whole or not at all, and prints what it is.
pub fn run(arguments: &ConvertArgs) -> Result<Outcome> {
    let output = &arguments.output;
    if !files::has_extension(output, &["safetensors"]) {
        bail!("{}: must end in .safetensors", output.display());
    }
    let subject = Subject::of(&arguments.input, &arguments.place.experiments)?;
    match convert(&subject, arguments) {
        Ok(said) => {
            outln!("{said}");
            Ok(Outcome::Done)
        }
        Err(error) => {
            eprintln!("ddrmjpeg: {}", message::of(&error));
            Ok(Outcome::Partly)
        }
    }
}

fn convert(subject: &Subject, arguments: &ConvertArgs) -> Result<String> {
    let output = &arguments.output;
    let source = subject.open()?;
    let bar = Bar::new(&subject.typed);
    let watched = Watched::new(&source, &bar);
    let metadata = source.metadata();
    let written = write_safetensors(output, &watched, metadata, arguments.dtype.into());
    bar.end();
    written.with_context(|| format!("{} is not converted", subject.place()))?;
    let bytes = std::fs::metadata(output)?.len();
    Ok(format!(
        "{}: {} tensors, {}",
        output.display(),
        source.names().len(),
        DecimalBytes(bytes)
    ))
}
