//! `ddrmjpeg model list`: the catalogue, and which models are on this machine.

use std::path::Path;

use anyhow::Result;
use ddrmjpeg::model::catalog::{Catalog, Entry};
use indicatif::DecimalBytes;
use serde_json::{Value, json};

use crate::Outcome;
use crate::model::args::ListArgs;
use crate::model::subject::{State, state};
use crate::stdout::outln;

/// Prints a line per model.
pub fn run(arguments: &ListArgs) -> Result<Outcome> {
    let catalog = Catalog::embedded()?;
    let states = catalog
        .entries()
        .iter()
        .map(|entry| (entry, state(entry, &arguments.place.experiments)));
    if arguments.json {
        for (entry, state) in states {
            outln!("{}", as_json(entry, state, &arguments.place.experiments));
        }
        return Ok(Outcome::Done);
    }
    outln!(
        "{}",
        row(["NAME", "FAMILY", "SIZE", "LICENCE", "HERE"], "WHAT IT IS")
    );
    for (entry, state) in states {
        let family = entry.family.to_string();
        let cells = [
            &entry.name,
            &family,
            &size(entry),
            &entry.licence,
            &here(state),
        ];
        outln!("{}", row(cells.map(String::as_str), &entry.about));
    }
    Ok(Outcome::Done)
}

fn row([name, family, size, licence, here]: [&str; 5], about: &str) -> String {
    format!("{name:<24}{family:<12}{size:>9}  {licence:<19}{here:<12}{about}")
}

/// Its published size, or a dash.
pub fn size(entry: &Entry) -> String {
    let size = entry.source.as_ref().and_then(|source| source.size);
    size.map_or("-".into(), |size| DecimalBytes(size).to_string())
}

fn here(state: State) -> String {
    match state {
        State::Begun(bytes) => format!("{} so far", DecimalBytes(bytes)),
        State::Absent => "-".into(),
        other => other.word().into(),
    }
}

/// What the catalogue says about `entry`, and whether its file is there.
pub fn as_json(entry: &Entry, state: State, experiments: &Path) -> Value {
    let source = entry.source.as_ref();
    let path = entry.path(experiments);
    let hash = source.and_then(|s| s.hash.as_ref());
    json!({
        "name": entry.name,
        "about": entry.about,
        "family": entry.family.to_string(),
        "config": entry.config,
        "licence": entry.licence,
        "terms": entry.terms,
        "path": path.map(|p| p.display().to_string()),
        "url": source.map(|s| &s.url),
        "size": source.and_then(|s| s.size),
        "hash": hash.map(ToString::to_string),
        "state": state.word(),
    })
}
