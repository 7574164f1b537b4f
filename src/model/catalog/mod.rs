//! The catalogue of models: purpose, licence and source of each.
//!
//! [`Catalog::embedded`] reads models/catalog.toml as it was when the library was built. No
//! torch and no network here: `fetch` downloads, `checkpoint` opens. Called by `fetch` and the
//! command `ddrmjpeg model`.

mod hash;

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::registry;
use crate::model::registry::Own;

pub use crate::model::catalog::hash::{Algorithm, Hash};

const EMBEDDED: &str = include_str!("../../../models/catalog.toml");

/// The folder of experiments that the published program uses by default.
pub const EXPERIMENTS: &str = "exp";

/// Every known model, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    entries: Vec<Entry>,
}

/// One model.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name in the command: lower-case letters, digits and `_`.
    pub name: String,
    /// What it is for, in a few words.
    pub about: String,
    /// What kind of network it is.
    pub family: Family,
    /// File in configs/ that describes the network; for a classifier, by its section `classifier`.
    pub config: String,
    /// Licence of the repository that publishes it, as an SPDX expression.
    pub licence: String,
    /// Further terms of its publisher.
    pub terms: Option<String>,
    /// Where it comes from; `None` for a built-in model.
    pub source: Option<Source>,
}

/// Where a model comes from, and what is known about its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The publisher's address.
    pub url: String,
    /// Its path below the folder of experiments, where the published program looks for it.
    pub file: PathBuf,
    /// Size in bytes, if it is public.
    pub size: Option<u64>,
    /// A digest of the file, if one is public.
    pub hash: Option<Hash>,
}

/// Kinds of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Family {
    /// A prior of this project, built in.
    Own(&'static Own),
    /// The UNet of guided-diffusion.
    Adm,
    /// The UNet of DDPM.
    Ddpm,
    /// The classifier of guided-diffusion.
    Classifier,
}

impl TryFrom<String> for Family {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        match name.as_str() {
            "adm" => Ok(Self::Adm),
            "ddpm" => Ok(Self::Ddpm),
            "classifier" => Ok(Self::Classifier),
            own => registry::find(own).map(Self::Own).ok_or_else(|| {
                let names = registry::names();
                Error::options(format!(
                    "family {own:?}: must be adm, ddpm, classifier, {names}"
                ))
            }),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own(own) => own.name,
            Self::Adm => "adm",
            Self::Ddpm => "ddpm",
            Self::Classifier => "classifier",
        })
    }
}

impl Entry {
    /// The path of its file below `experiments`; `None` for a built-in model.
    pub fn path(&self, experiments: &Path) -> Option<PathBuf> {
        Some(experiments.join(&self.source.as_ref()?.file))
    }
}

impl Catalog {
    /// The built-in catalogue.
    ///
    /// # Errors
    /// None in a build that passes its tests.
    pub fn embedded() -> Result<Self> {
        Self::parse(EMBEDDED, "models/catalog.toml")
    }

    /// Reads a catalogue; `origin` is its name in errors.
    ///
    /// # Errors
    /// [`Error::Options`] for text that is not TOML, unknown or missing fields, and invalid values:
    /// names that are taken, paths outside the folder, bad digests.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let bad = |fault: String| Error::options(format!("{origin}: {fault}"));
        let written: Written = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let entries = written.model.into_iter().map(entry);
        let entries = entries
            .collect::<Result<Vec<_>>>()
            .map_err(|e| bad(e.to_string()))?;
        for (index, this) in entries.iter().enumerate() {
            for other in &entries[..index] {
                if let Some(what) = clash(this, other) {
                    return Err(bad(format!("{}: its {what} is taken", this.name)));
                }
            }
        }
        Ok(Self { entries })
    }

    /// Every model.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The model of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The model of that name.
    ///
    /// # Errors
    /// [`Error::Options`] that lists every name.
    pub fn get(&self, name: &str) -> Result<&Entry> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
            let names = names.join(", ");
            Error::options(format!("no model {name:?}; there are: {names}"))
        })
    }
}

/// What two models share but must not.
fn clash(this: &Entry, other: &Entry) -> Option<&'static str> {
    let file = |entry: &Entry| entry.source.as_ref().map(|source| source.file.clone());
    if this.name == other.name {
        return Some("name");
    }
    (file(this).is_some() && file(this) == file(other)).then_some("file")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    name: String,
    about: String,
    family: Family,
    config: String,
    licence: String,
    terms: Option<String>,
    file: Option<PathBuf>,
    url: Option<String>,
    size: Option<u64>,
    sha256: Option<String>,
    md5: Option<String>,
}

fn entry(written: WrittenEntry) -> Result<Entry> {
    let name = written.name.clone();
    let bad = |fault: &str| Error::options(format!("model {name:?}: {fault}"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(bad("the name is not of a-z, 0-9 and _"));
    }
    if !is_plain(Path::new(&written.config), 1) {
        return Err(bad("config is not the name of a file in configs/"));
    }
    if written.licence.is_empty() || written.about.is_empty() {
        return Err(bad("about or licence is empty"));
    }
    let source = source(&written).map_err(|fault| bad(&fault))?;
    if source.is_none() != matches!(written.family, Family::Own(_)) {
        return Err(bad("file and url are for all but what is built in"));
    }
    Ok(Entry {
        name: written.name,
        about: written.about,
        family: written.family,
        config: written.config,
        licence: written.licence,
        terms: written.terms,
        source,
    })
}

fn source(written: &WrittenEntry) -> std::result::Result<Option<Source>, String> {
    let hash = match (&written.sha256, &written.md5) {
        (Some(hex), _) => Some(Hash::new(Algorithm::Sha256, hex)),
        (None, Some(hex)) => Some(Hash::new(Algorithm::Md5, hex)),
        (None, None) => None,
    };
    let hash = hash.transpose().map_err(|e| e.to_string())?;
    let (file, url) = match (&written.file, &written.url) {
        (Some(file), Some(url)) => (file, url),
        (None, None) if hash.is_none() && written.size.is_none() => return Ok(None),
        _ => return Err("file and url go together, size and hash with them".to_owned()),
    };
    if !is_plain(file, usize::MAX) {
        return Err(format!("file {file:?} leads out of its folder"));
    }
    if !url.starts_with("https://") {
        return Err(format!("url {url:?} does not begin with https://"));
    }
    if written.size == Some(0) {
        return Err("size 0 is no size".to_owned());
    }
    Ok(Some(Source {
        url: url.clone(),
        file: file.clone(),
        size: written.size,
        hash,
    }))
}

/// Whether `path` is relative and made of 1 to `most` names, none of them `.` or `..`.
fn is_plain(path: &Path, most: usize) -> bool {
    let count = path.components().count();
    let named = |part: Component<'_>| matches!(part, Component::Normal(_));
    (1..=most).contains(&count) && path.components().all(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::{Config, NetworkConfig};

    fn embedded() -> Catalog {
        Catalog::embedded().unwrap()
    }

    /// A catalogue of one model with `more` lines.
    fn of(more: &str) -> Result<Catalog> {
        let text = format!(
            "[[model]]\nname = \"m\"\nabout = \"x\"\nconfig = \"c.yml\"\nlicence = \"MIT\"\n{more}"
        );
        Catalog::parse(&text, "mine.toml")
    }

    const FETCHED: &str = "family = \"adm\"\nfile = \"a/b.pt\"\nurl = \"https://host/b.pt\"\n";

    #[test]
    fn every_config_is_there_and_describes_the_family() {
        for entry in embedded().entries() {
            let path = format!("{}/configs/{}", env!("CARGO_MANIFEST_DIR"), entry.config);
            let text = std::fs::read_to_string(path).unwrap();
            let config = Config::parse(&text, &entry.config).unwrap();
            let fits = match (entry.family, config.network().unwrap()) {
                (Family::Own(named), NetworkConfig::Own(own)) => named == own,
                (Family::Adm, NetworkConfig::Adm(_)) => true,
                (Family::Ddpm, NetworkConfig::Ddpm(_)) => true,
                (Family::Classifier, _) => config.guide().unwrap().is_some(),
                _ => false,
            };
            assert!(fits, "{}", entry.name);
        }
    }

    /// The reference is the tree of `exp/` in the README of the published program.
    #[test]
    fn files_lie_where_the_published_program_looks() {
        let catalog = embedded();
        let places: Vec<PathBuf> = catalog
            .entries()
            .iter()
            .filter_map(|entry| entry.path(Path::new(EXPERIMENTS)))
            .collect();
        let lsun = "exp/logs/diffusion_models_converted/ema_diffusion_lsun";
        let expected = [
            "exp/logs/imagenet/256x256_diffusion_uncond.pt".to_owned(),
            "exp/logs/imagenet/256x256_diffusion.pt".to_owned(),
            "exp/logs/imagenet/256x256_classifier.pt".to_owned(),
            "exp/logs/imagenet/512x512_diffusion.pt".to_owned(),
            "exp/logs/imagenet/512x512_classifier.pt".to_owned(),
            "exp/logs/celeba/celeba_hq.ckpt".to_owned(),
            format!("{lsun}_bedroom_model/model-2388000.ckpt"),
            format!("{lsun}_cat_model/model-1761000.ckpt"),
            format!("{lsun}_church_model/model-4432000.ckpt"),
        ];
        assert_eq!(places, expected.map(PathBuf::from));
    }

    #[test]
    fn names_are_found_and_others_answered_with_the_list() {
        let catalog = embedded();
        assert_eq!(catalog.get("lean").unwrap().source, None);
        let source = catalog.get("cat").unwrap().source.clone().unwrap();
        assert_eq!(source.hash.unwrap().algorithm, Algorithm::Md5);
        let error = catalog.get("dog").unwrap_err().to_string();
        assert!(
            error.contains("\"dog\"") && error.contains("lean, nano, imagenet_256,"),
            "{error}"
        );
    }

    #[test]
    fn what_no_model_can_be_is_refused() {
        let md5 = format!("{FETCHED}md5 = \"{}\"", "0F".repeat(16));
        let hash = of(&md5).unwrap().entries()[0].source.clone().unwrap().hash;
        assert_eq!(
            hash.unwrap().to_string(),
            format!("md5 {}", "0f".repeat(16))
        );
        let cases = [
            ("family = \"gan\"", "gan"),
            ("family = \"adm\"", "all but what is built in"),
            ("family = \"lean\"\nurl = \"https://host/b\"", "go together"),
            ("family = \"lean\"\nmd5 = \"0\"", "md5 \"0\" is not 32"),
            (
                &format!("{FETCHED}sha256 = \"{}\"", "g".repeat(64)),
                "is not 64",
            ),
            (&format!("{FETCHED}size = 0"), "size 0"),
            (&format!("{FETCHED}colour = 1"), "colour"),
            (&FETCHED.replace("a/b", "../b"), "out of its folder"),
            (&FETCHED.replace("a/b", "/b"), "out of its folder"),
            (&FETCHED.replace("https", "ftp"), "https://"),
        ];
        for (more, told) in cases {
            let error = of(more).unwrap_err().to_string();
            assert!(
                error.contains("mine.toml") && error.contains(told),
                "{error}"
            );
        }
    }

    #[test]
    fn names_and_files_are_taken_once() {
        let one =
            "[[model]]\nname = \"NAME\"\nabout = \"x\"\nconfig = \"c.yml\"\nlicence = \"MIT\"\n";
        let two = |second: &str| {
            let text = [one.replace("NAME", "m"), one.replace("NAME", second)].join(FETCHED);
            let parsed = Catalog::parse(&format!("{text}{FETCHED}"), "mine.toml");
            parsed.unwrap_err().to_string()
        };
        assert!(two("m").contains("its name is taken"));
        assert!(two("n").contains("its file is taken"));
        assert!(two("N").contains("a-z"));
    }
}
