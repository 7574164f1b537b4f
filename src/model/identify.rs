//! Identifies the network of a checkpoint by comparing its names and shapes with those that configs
//! need.
//!
//! It only reads names and shapes, and loads no network. Called by `ddrmjpeg model`.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(not(feature = "torch"))]
use crate::error::Error;
use crate::error::Result;
use crate::model::adm::ClassifierConfig;
#[cfg(feature = "torch")]
use crate::model::adm::{AdmUNet, Classifier};
use crate::model::config::{Config, NetworkConfig, shipped};
#[cfg(feature = "torch")]
use crate::model::ddpm::DdpmUNet;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::shapes::Shapes;
#[cfg(feature = "torch")]
use crate::runtime::tensors::shapes::shapes_of;

/// Most names of one kind in a message.
const NAMES_SHOWN: usize = 8;

/// The networks that one config describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The network that restores.
    Network,
    /// The classifier that guides it.
    Classifier,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "network",
            Self::Classifier => "classifier",
        })
    }
}

/// How a checkpoint's tensors differ from those of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfit {
    /// Names that the network needs and the checkpoint lacks.
    pub missing: Vec<String>,
    /// Names of both, with the shapes found and wanted.
    pub misshapen: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Names that the network does not know.
    pub extra: Vec<String>,
}

impl Misfit {
    /// Number of tensors that differ; 0 for a checkpoint of exactly this network.
    pub fn count(&self) -> usize {
        self.missing.len() + self.misshapen.len() + self.extra.len()
    }

    /// The difference between `source` and a network of `shapes`.
    pub fn between(source: &dyn TensorSource, shapes: &Shapes) -> Self {
        let mut misfit = Self::default();
        for (name, wanted) in shapes {
            match source.info(name) {
                None => misfit.missing.push(name.clone()),
                Some(info) => {
                    let found: Vec<i64> = info.shape.iter().map(|&n| n as i64).collect();
                    if found != *wanted {
                        let (name, wanted) = (name.clone(), wanted.clone());
                        misfit.misshapen.push((name, found, wanted));
                    }
                }
            }
        }
        let names = source.names().into_iter();
        misfit.extra = names.filter(|name| !shapes.contains_key(name)).collect();
        misfit
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shaped = self.misshapen.iter();
        let shaped: Vec<String> = shaped
            .map(|(name, found, wanted)| format!("{name} is {found:?}, wanted {wanted:?}"))
            .collect();
        let parts = [
            named("missing", &self.missing),
            named("of another shape", &shaped),
            named("unexpected", &self.extra),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join("; "))
    }
}

fn named(what: &str, names: &[String]) -> Option<String> {
    let shown = names.len().min(NAMES_SHOWN);
    let more = match names.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let list = || {
        format!(
            "{} {what}: {}{more}",
            names.len(),
            names[..shown].join(", ")
        )
    };
    (!names.is_empty()).then(list)
}

/// Names and shapes of the tensors of `config`'s `part`; `None` if it has no such part.
///
/// `metadata` are those of the checkpoint, in which this project's priors store their size.
///
/// # Errors
/// [`crate::Error::Options`] if `config` describes no network, [`crate::Error::Checkpoint`] if it
/// is one of this project's and the metadata describe none; [`crate::Error::Unsupported`] for a
/// published network in a build without libtorch.
pub fn expected(
    config: &Config,
    part: Part,
    metadata: &BTreeMap<String, String>,
) -> Result<Option<Shapes>> {
    match (part, config.network()?) {
        (Part::Network, NetworkConfig::Own(own)) => own.shapes(metadata).map(Some),
        (Part::Network, network) => of_published(&network).map(Some),
        (Part::Classifier, _) => config.guide()?.as_ref().map(of_classifier).transpose(),
    }
}

/// A network of a published family is asked for its tensors, and made of libtorch's parts.
#[cfg(feature = "torch")]
fn of_published(network: &NetworkConfig) -> Result<Shapes> {
    match network {
        NetworkConfig::Adm(adm) => shapes_of(|l| AdmUNet::load(adm, l)),
        NetworkConfig::Ddpm(ddpm) => shapes_of(|l| DdpmUNet::load(ddpm, l)),
        NetworkConfig::Own(own) => own.shapes(&BTreeMap::new()),
    }
}

#[cfg(feature = "torch")]
fn of_classifier(guide: &ClassifierConfig) -> Result<Shapes> {
    shapes_of(|l| Classifier::load(guide, l))
}

#[cfg(not(feature = "torch"))]
fn of_published(_: &NetworkConfig) -> Result<Shapes> {
    Err(no_libtorch())
}

#[cfg(not(feature = "torch"))]
fn of_classifier(_: &ClassifierConfig) -> Result<Shapes> {
    Err(no_libtorch())
}

#[cfg(not(feature = "torch"))]
fn no_libtorch() -> Error {
    Error::Unsupported(
        "the tensors of published networks: this program has no libtorch, which knows them".into(),
    )
}

/// The part of `config` that `source` is nearest to, and how it differs.
///
/// # Errors
/// As [`expected`].
pub fn nearest(config: &Config, source: &dyn TensorSource) -> Result<(Part, Misfit)> {
    let network = expected(config, Part::Network, source.metadata())?.unwrap_or_default();
    let network = (Part::Network, Misfit::between(source, &network));
    if network.1.count() == 0 {
        return Ok(network);
    }
    let Some(guide) = expected(config, Part::Classifier, source.metadata())? else {
        return Ok(network);
    };
    let guide = (Part::Classifier, Misfit::between(source, &guide));
    Ok(match guide.1.count() < network.1.count() {
        true => guide,
        false => network,
    })
}

/// The configs in configs/ with exactly the network, or classifier, of `source`; without libtorch
/// those of this project's own networks only.
///
/// # Errors
/// None with configs that pass the tests.
pub fn shipped_fits(source: &dyn TensorSource) -> Result<Vec<(&'static str, Part)>> {
    let mut fits = Vec::new();
    for (name, text) in shipped::SHIPPED {
        let config = Config::parse(text, name)?;
        // Most files have no metadata, so they are not priors of this project.
        let comparable = match config.network()? {
            NetworkConfig::Own(own) => own.shapes(source.metadata()).is_ok(),
            NetworkConfig::Adm(_) | NetworkConfig::Ddpm(_) => cfg!(feature = "torch"),
        };
        if !comparable {
            continue;
        }
        let (part, misfit) = nearest(&config, source)?;
        if misfit.count() == 0 {
            fits.push((name, part));
        }
    }
    Ok(fits)
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;
    use crate::model::registry;
    use crate::runtime::tensors::shapes::RandomWeights;

    fn config(name: &str) -> Config {
        Config::parse(shipped::text(name).unwrap(), name).unwrap()
    }

    fn shapes(name: &str, part: Part) -> Shapes {
        let none = BTreeMap::new();
        expected(&config(name), part, &none).unwrap().unwrap()
    }

    /// A checkpoint of these shapes; its elements are never read.
    fn checkpoint(shapes: Shapes) -> RandomWeights {
        RandomWeights::new(shapes, 1)
    }

    #[test]
    fn each_published_network_is_known_by_its_tensors() {
        let ddpm = ["celeba_hq.yml", "bedroom.yml", "cat.yml", "church.yml"];
        let cases: [(&str, Part, &[&str]); 5] = [
            ("imagenet_256", Part::Network, &["imagenet_256.yml"]),
            ("imagenet_256_cc", Part::Network, &["imagenet_256_cc.yml"]),
            (
                "imagenet_256_cc",
                Part::Classifier,
                &["imagenet_256_cc.yml"],
            ),
            (
                "imagenet_512_cc",
                Part::Classifier,
                &["imagenet_512_cc.yml"],
            ),
            // One architecture with four sets of weights.
            ("cat", Part::Network, &ddpm),
        ];
        for (name, part, wanted) in cases {
            let found = shipped_fits(&checkpoint(shapes(name, part))).unwrap();
            let wanted: Vec<(&str, Part)> = wanted.iter().map(|&w| (w, part)).collect();
            assert_eq!(found, wanted, "{name}");
        }
    }

    #[test]
    fn the_built_in_prior_is_lean() {
        let source = registry::get("lean").unwrap().checkpoint().unwrap();
        let fits = shipped_fits(&source).unwrap();
        assert_eq!(fits, [("lean.yml", Part::Network)]);
    }

    #[test]
    fn differences_are_named_each_by_its_kind() {
        let wanted = shapes("cat", Part::Network);
        let mut found = wanted.clone();
        found.remove("conv_in.bias").unwrap();
        found.insert("temb.dense.0.bias".to_owned(), vec![1, 2]);
        found.insert("ema.step".to_owned(), vec![]);
        let misfit = Misfit::between(&checkpoint(found), &wanted);
        assert_eq!(misfit.count(), 3);
        assert_eq!(
            misfit.to_string(),
            "1 missing: conv_in.bias; 1 of another shape: temb.dense.0.bias is [1, 2], \
             wanted [512]; 1 unexpected: ema.step"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let wanted = shapes("cat", Part::Network);
        let misfit = Misfit::between(&checkpoint(Shapes::new()), &wanted);
        let text = misfit.to_string();
        let more = wanted.len() - NAMES_SHOWN;
        assert!(text.ends_with(&format!(" and {more} more")), "{text}");
        assert!(text.len() < 1000);
    }

    #[test]
    fn a_config_with_a_classifier_is_compared_with_the_nearer() {
        let config = config("imagenet_256_cc");
        let mut guide = shapes("imagenet_256_cc", Part::Classifier);
        guide.remove("out.0.weight").unwrap();
        let (part, misfit) = nearest(&config, &checkpoint(guide)).unwrap();
        assert_eq!((part, misfit.count()), (Part::Classifier, 1));
    }
}
