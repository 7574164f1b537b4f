//! `ddrmjpeg model verify`: whether a checkpoint can be used: every value is finite, every name and
//! shape is what the network needs, and the digest is the published one.

use anyhow::{Context, Result, bail};
use ddrmjpeg::model::catalog::Source;
use ddrmjpeg::model::config::Config;
use ddrmjpeg::model::fetch;
use ddrmjpeg::model::fetch::Watch;
use ddrmjpeg::model::identify;
use ddrmjpeg::model::open;
use ddrmjpeg::runtime::tensors::TensorSource;
use serde_json::json;

use crate::model::args::VerifyArgs;
use crate::model::bar::{Bar, Watched};
use crate::model::subject::Subject;
use crate::stdout::outln;
use crate::{Outcome, message};

/// Prints a line per model.
pub fn run(arguments: &VerifyArgs) -> Result<Outcome> {
    let config = arguments.config.as_deref().map(read_config).transpose()?;
    let mut outcome = Outcome::Done;
    for name in &arguments.models {
        let subject = Subject::of(name, &arguments.place.experiments)?;
        let bar = Bar::new(name);
        let found = verify(&subject, config.as_ref(), &bar);
        bar.end();
        let error = found.as_ref().err().map(message::of);
        if arguments.json {
            let sound = found.as_ref().ok();
            outln!("{}", json!({"model": name, "sound": sound, "error": error}));
        }
        match found {
            Ok(sound) if !arguments.json => {
                outln!("{}: sound: {}", subject.place(), sound.join("; "));
            }
            Ok(_) => {}
            Err(_) => {
                eprintln!("ddrmjpeg: {}", error.unwrap_or_default());
                outcome = Outcome::Partly;
            }
        }
    }
    Ok(outcome)
}

/// A config with its name.
struct Named {
    name: String,
    config: Config,
}

/// A file, or one of those built in.
fn read_config(name: &str) -> Result<Named> {
    let config = open::read_config(name).with_context(|| format!("--config {name}"))?;
    let name = name.to_owned();
    Ok(Named { name, config })
}

/// What was found to be right, or what is wrong.
fn verify(subject: &Subject, config: Option<&Named>, bar: &Bar) -> Result<Vec<String>> {
    let mut sound = Vec::new();
    let source = subject.open()?;
    let published = subject.entry.as_ref().and_then(|e| e.source.as_ref());
    if let Some(published) = published {
        sound.extend(digest(subject, published, bar)?);
    }
    let watched = Watched::new(&source, bar);
    let names = watched.names();
    for name in &names {
        watched.read(name)?;
    }
    sound.push(format!("{} tensors, every value finite", names.len()));
    let own = match (&subject.entry, config) {
        (Some(entry), None) => Some(read_config(&entry.config)?),
        _ => None,
    };
    match config.or(own.as_ref()) {
        Some(named) => sound.push(network(subject, named, &source)?),
        None => sound.extend(guess(&source)?),
    }
    Ok(sound)
}

/// Checks that the file is the published one, as far as that is possible.
fn digest(subject: &Subject, published: &Source, bar: &Bar) -> Result<Option<String>> {
    let (Some(wanted), Some(path)) = (&published.hash, &subject.path) else {
        return Ok(None);
    };
    let report = |event: fetch::Event<'_>| bar.show(event);
    let watch = Watch {
        report: Some(&report),
        ..Watch::default()
    };
    let found = fetch::digest(path, wanted.algorithm, watch)?;
    if found != *wanted {
        bail!("{}: has {found}, published is {wanted}", subject.place());
    }
    Ok(Some(format!("{} as published", wanted.algorithm)))
}

fn network(subject: &Subject, named: &Named, source: &dyn TensorSource) -> Result<String> {
    let name = &named.name;
    let place = subject.place();
    let nearest = identify::nearest(&named.config, source);
    let (part, misfit) = nearest.with_context(|| format!("{place} is not of {name}"))?;
    if misfit.count() > 0 {
        bail!("{place} is not the {part} of {name}: {misfit}");
    }
    Ok(format!("the {part} of {name}"))
}

/// Which of the configs it fits; fitting none is not an error.
fn guess(source: &dyn TensorSource) -> Result<Option<String>> {
    let fits = identify::shipped_fits(source)?;
    let fits: Vec<String> = fits
        .into_iter()
        .map(|(config, part)| format!("{config} ({part})"))
        .collect();
    Ok((!fits.is_empty()).then(|| format!("fits {}", fits.join(", "))))
}
