//! `ddrmjpeg model convert`: a checkpoint of any container as safetensors.

use anyhow::{Context, Result, bail};
use ddrmjpeg::model::checkpoint::write_safetensors;
use ddrmjpeg::runtime::tensors::TensorSource;
use indicatif::DecimalBytes;

use crate::io::files;
use crate::model::args::ConvertArgs;
use crate::model::bar::{Bar, Watched};
use crate::model::subject::Subject;
use crate::stdout::outln;
use crate::{Outcome, message};

/// Writes the output, completely or not at all, and prints a summary of it.
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
