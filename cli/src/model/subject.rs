//! What a NAME or FILE on the command line stands for, and whether it is there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ddrmjpeg::model::catalog::{Catalog, Entry, Family};
use ddrmjpeg::model::checkpoint::Checkpoint;

/// A model that was named.
pub struct Subject {
    /// Its entry, if it was named by the catalogue.
    pub entry: Option<Entry>,
    /// Its file; `None` for what is built in.
    pub path: Option<PathBuf>,
    /// What was typed.
    pub typed: String,
}

/// Whether a model of the catalogue is on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing to fetch.
    BuiltIn,
    /// Its file is there, of the right size if that is known.
    Present,
    /// Its file is there, but its size differs from the published one.
    WrongSize,
    /// Partly fetched, this many bytes.
    Begun(u64),
    /// Not there.
    Absent,
}

impl State {
    /// As one word, for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Present => "present",
            Self::WrongSize => "wrong size",
            Self::Begun(_) => "incomplete",
            Self::Absent => "absent",
        }
    }
}

impl Subject {
    /// A name of the catalogue, with its file below `experiments`; otherwise a file.
    pub fn of(typed: &str, experiments: &Path) -> Result<Self> {
        let entry = Catalog::embedded()?.find(typed).cloned();
        let path = match &entry {
            Some(entry) => entry.path(experiments),
            None => Some(PathBuf::from(typed)),
        };
        Ok(Self {
            entry,
            path,
            typed: typed.to_owned(),
        })
    }

    /// The checkpoint, opened.
    pub fn open(&self) -> Result<Checkpoint> {
        let Some(path) = &self.path else {
            let Some(Family::Own(own)) = self.entry.as_ref().map(|entry| entry.family) else {
                bail!("{}: has no file", self.typed);
            };
            return Ok(own.checkpoint()?);
        };
        if path.exists() {
            return Ok(Checkpoint::open(path)?);
        }
        let name = &self.typed;
        match &self.entry {
            Some(_) => bail!(
                "{} is not there: ddrmjpeg model fetch {name}",
                path.display()
            ),
            None => Checkpoint::open(path).with_context(|| {
                format!(
                    "{name} is neither a model of the catalogue (ddrmjpeg model list) nor a file"
                )
            }),
        }
    }

    /// The file, or words that say that there is none.
    pub fn place(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => format!("{} (built in)", self.typed),
        }
    }
}

/// Whether `entry` has been fetched, below `experiments`.
pub fn state(entry: &Entry, experiments: &Path) -> State {
    let (Some(source), Some(path)) = (&entry.source, entry.path(experiments)) else {
        return State::BuiltIn;
    };
    let length = |path: &Path| Some(std::fs::metadata(path).ok()?.len());
    match length(&path) {
        Some(found) if source.size.is_some_and(|size| size != found) => State::WrongSize,
        Some(_) => State::Present,
        None => {
            let mut part = path.into_os_string();
            part.push(".part");
            length(Path::new(&part)).map_or(State::Absent, State::Begun)
        }
    }
}
