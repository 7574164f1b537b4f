//! `ddrmjpeg model info`: what a checkpoint is made of, and which network it is.

use std::collections::BTreeMap;

use anyhow::Result;
use ddrmjpeg::model::checkpoint::Checkpoint;
use ddrmjpeg::model::identify;
use ddrmjpeg::runtime::tensors::{Dtype, TensorInfo, TensorSource};
use indicatif::DecimalBytes;
use serde_json::{Value, json};

use crate::model::args::InfoArgs;
use crate::model::subject::{Subject, state};
use crate::model::{bar, list};
use crate::stdout::{out, outln};
use crate::{Outcome, message};

/// How many characters of one metadata value are shown.
const SHOWN: usize = 120;

/// Prints a paragraph, or a JSON object, per model.
pub fn run(arguments: &InfoArgs) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    for name in &arguments.models {
        let subject = Subject::of(name, &arguments.place.experiments)?;
        match look(&subject) {
            Ok(summary) if arguments.json => {
                outln!("{}", as_json(&subject, summary.as_ref(), arguments));
            }
            Ok(summary) => out!("{}", as_text(&subject, summary.as_ref(), arguments)),
            Err(error) => {
                eprintln!("ddrmjpeg: {}", message::of(&error));
                outcome = Outcome::Partly;
            }
        }
    }
    Ok(outcome)
}

/// What is in the file; `None` if it is a model of the catalogue that is not fetched.
fn look(subject: &Subject) -> Result<Option<Summary>> {
    let missing = subject.path.as_ref().is_some_and(|path| !path.exists());
    if subject.entry.is_some() && missing {
        return Ok(None);
    }
    Ok(Some(Summary::of(&subject.open()?)?))
}

fn as_text(subject: &Subject, summary: Option<&Summary>, arguments: &InfoArgs) -> String {
    let mut lines = Vec::new();
    if let Some(entry) = &subject.entry {
        lines.push(("what", entry.about.clone()));
        lines.push((
            "family",
            format!("{}, as {} says", entry.family, entry.config),
        ));
        lines.push(("licence", entry.licence.clone()));
        lines.extend(entry.terms.clone().map(|terms| ("terms", terms)));
        if let Some(source) = &entry.source {
            lines.push(("source", source.url.clone()));
            let hash = source.hash.as_ref().map_or("-".into(), ToString::to_string);
            lines.push(("published", format!("{}, {hash}", list::size(entry))));
        }
    }
    match summary {
        Some(summary) => lines.extend(summary.lines()),
        None => lines.push((
            "here",
            format!("no: ddrmjpeg model fetch {}", subject.typed),
        )),
    }
    let lines = lines.into_iter();
    let mut out: String = lines
        .map(|(what, value)| format!("  {what:<12}{value}\n"))
        .collect();
    if let Some(summary) = summary.filter(|_| arguments.tensors) {
        for (name, info) in &summary.tensors {
            out += &format!(
                "    {} {} {:?}\n",
                shown(name),
                dtype(info.dtype),
                info.shape
            );
        }
    }
    format!("{}\n{out}", subject.place())
}

fn as_json(subject: &Subject, summary: Option<&Summary>, arguments: &InfoArgs) -> Value {
    let experiments = &arguments.place.experiments;
    let entry = subject.entry.as_ref();
    let entry = entry.map(|entry| list::as_json(entry, state(entry, experiments), experiments));
    json!({
        "model": subject.typed,
        "path": subject.path.as_ref().map(|p| p.display().to_string()),
        "catalogue": entry,
        "checkpoint": summary.map(|summary| summary.as_json(arguments.tensors)),
    })
}

/// What is printed about a checkpoint.
struct Summary {
    container: String,
    tensors: Vec<(String, TensorInfo)>,
    bytes: u64,
    metadata: BTreeMap<String, String>,
    fits: Vec<String>,
}

impl Summary {
    fn of(source: &Checkpoint) -> Result<Self> {
        let names = source.names().into_iter();
        let fits = identify::shipped_fits(source)?;
        Ok(Self {
            container: source.container().to_string(),
            tensors: names
                .filter_map(|name| Some((name.clone(), source.info(&name)?)))
                .collect(),
            bytes: bar::bytes(source),
            metadata: source.metadata().clone(),
            fits: fits
                .into_iter()
                .map(|(config, part)| format!("{config} ({part})"))
                .collect(),
        })
    }

    /// How many elements are weights; counters are not.
    fn parameters(&self) -> usize {
        let weights = self.tensors.iter().filter(|(_, i)| i.dtype != Dtype::I64);
        weights
            .map(|(_, i)| i.shape.iter().product::<usize>())
            .sum()
    }

    /// Tensors of each type.
    fn dtypes(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, info) in &self.tensors {
            *counts.entry(dtype(info.dtype)).or_default() += 1;
        }
        counts
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let types = self.dtypes().into_iter();
        let types: Vec<String> = types
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let (count, types) = (self.tensors.len(), types.join(", "));
        let parameters = self.parameters();
        let millions = parameters as f64 / 1e6;
        let bytes = DecimalBytes(self.bytes);
        let mut lines = vec![
            ("container", self.container.clone()),
            ("tensors", format!("{count} ({types})")),
            (
                "parameters",
                format!("{parameters} ({millions:.1} M), {bytes}"),
            ),
            (
                "fits",
                match self.fits.as_slice() {
                    [] => "none of the configs".to_owned(),
                    fits => fits.join(", "),
                },
            ),
        ];
        let metadata = self.metadata.iter();
        lines.extend(metadata.map(|(k, v)| ("metadata", format!("{} = {}", shown(k), shown(v)))));
        lines
    }

    fn as_json(&self, with_tensors: bool) -> Value {
        let tensors = self.tensors.iter();
        let tensors = tensors.map(|(name, info)| {
            let facts = json!({"dtype": dtype(info.dtype), "shape": info.shape});
            (name.clone(), facts)
        });
        json!({
            "container": self.container,
            "tensors": self.tensors.len(),
            "dtypes": self.dtypes(),
            "parameters": self.parameters(),
            "bytes": self.bytes,
            "fits": self.fits,
            "metadata": self.metadata,
            "tensor": with_tensors.then(|| tensors.collect::<serde_json::Map<_, _>>()),
        })
    }
}

fn dtype(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F16 => "f16",
        Dtype::Bf16 => "bf16",
        Dtype::F32 => "f32",
        Dtype::F64 => "f64",
        Dtype::I64 => "i64",
    }
}

/// Text from a file, cut to `SHOWN` characters, without control characters.
fn shown(text: &str) -> String {
    let cut: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    match text.chars().nth(SHOWN) {
        Some(_) => cut + "…",
        None => cut,
    }
}
