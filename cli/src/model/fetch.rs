//! `ddrmjpeg model fetch`: downloads models of the catalogue to where `sample` looks for them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ddrmjpeg::Error;
use ddrmjpeg::model::catalog::{Catalog, Entry, Source};
use ddrmjpeg::model::checkpoint::Checkpoint;
use ddrmjpeg::model::fetch;
use ddrmjpeg::model::fetch::{Fetched, Request, Settings, Watch};
use ddrmjpeg::model::identify;
use ddrmjpeg::model::open;
use indicatif::DecimalBytes;
use serde_json::json;

use crate::model::args::FetchArgs;
use crate::model::bar::Bar;
use crate::stdout::outln;
use crate::{Outcome, message};

/// Fetches every model that was named. One that fails gets a message; the others are fetched.
pub fn run(arguments: &FetchArgs) -> Result<Outcome> {
    if arguments.url.is_some() && arguments.names.len() > 1 {
        bail!("--url: one address is for one NAME, not for several");
    }
    let catalog = Catalog::embedded()?;
    let entries = arguments.names.iter().map(|name| catalog.get(name));
    let entries = entries.collect::<ddrmjpeg::Result<Vec<&Entry>>>()?;
    let mut outcome = Outcome::Done;
    for entry in entries {
        let done = one(entry, arguments);
        match &done {
            Ok(done) if arguments.json => outln!("{}", done.as_json(&entry.name)),
            Ok(done) => outln!("{}: {}", entry.name, done.as_text()),
            Err(error) => {
                eprintln!("ddrmjpeg: {}: {}", entry.name, message::of(error));
                if arguments.json {
                    let error = message::of(error);
                    outln!(
                        "{}",
                        json!({"name": entry.name, "status": "failed", "error": error})
                    );
                }
                outcome = Outcome::Partly;
            }
        }
    }
    Ok(outcome)
}

/// What was done for one model.
struct Done {
    /// Its file; `None` for what is built in.
    path: Option<PathBuf>,
    fetched: Fetched,
    /// How it was checked, in words.
    checked: String,
}

impl Done {
    fn as_text(&self) -> String {
        let Some(path) = &self.path else {
            return "built in, nothing to fetch".into();
        };
        let (path, checked) = (path.display(), &self.checked);
        match self.fetched {
            Fetched::Present => format!("{path} is there ({checked})"),
            Fetched::Now { bytes, .. } => {
                format!("{path}, {} ({checked})", DecimalBytes(bytes))
            }
        }
    }

    fn as_json(&self, name: &str) -> serde_json::Value {
        let (status, bytes, resumed) = match self.fetched {
            Fetched::Present => ("present", None, None),
            Fetched::Now { bytes, resumed } => ("fetched", Some(bytes), Some(resumed)),
        };
        json!({
            "name": name,
            "path": self.path.as_ref().map(|p| p.display().to_string()),
            "status": status,
            "bytes": bytes,
            "resumed": resumed,
            "checked": self.checked,
        })
    }
}

fn one(entry: &Entry, arguments: &FetchArgs) -> Result<Done> {
    let experiments = &arguments.place.experiments;
    let (Some(source), Some(path)) = (&entry.source, entry.path(experiments)) else {
        return Ok(Done {
            path: None,
            fetched: Fetched::Present,
            checked: "built in".into(),
        });
    };
    let bar = Bar::new(&entry.name);
    if let Some(terms) = entry.terms.as_ref().filter(|_| !path.exists()) {
        bar.say(&format!("licence {}; {terms}", entry.licence));
    }
    let check = |path: &Path| Checkpoint::open(path).map(drop);
    let request = Request {
        url: arguments.url.as_ref().unwrap_or(&source.url),
        target: &path,
        size: source.size,
        hash: source.hash.as_ref(),
        check: Some(&check),
    };
    let report = |event: fetch::Event<'_>| bar.show(event);
    let watch = Watch {
        report: Some(&report),
        ..Watch::default()
    };
    let fetched = fetch::fetch(&request, &Settings::default(), watch);
    bar.end();
    let fetched = fetched.context("not fetched")?;
    if source.hash.is_none() && !is_of_its_config(entry, &path)? {
        let (config, name) = (&entry.config, &entry.name);
        bar.say(&format!(
            "its tensors are not those of {config}: see ddrmjpeg model verify {name}"
        ));
    }
    Ok(Done {
        fetched,
        path: Some(path),
        checked: checked(source),
    })
}

/// Whether a file without a published digest is at least of the right network.
fn is_of_its_config(entry: &Entry, path: &Path) -> Result<bool> {
    let config = open::read_config(&entry.config)?;
    match identify::nearest(&config, &Checkpoint::open(path)?) {
        Ok((_, misfit)) => Ok(misfit.count() == 0),
        // Nothing here knows its tensors.
        Err(Error::Unsupported(_)) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// How we know that the file is the published one, in words.
fn checked(source: &Source) -> String {
    match (&source.hash, source.size) {
        (Some(hash), _) => format!("{} as published", hash.algorithm),
        (None, Some(_)) => "size as published; no digest is public".into(),
        (None, None) => "a sound checkpoint; no size or digest is public".into(),
    }
}
