//! Where the checkpoints of a published config are: the folders and names of the published program,
//! under its `exp/`.
//!
//! It opens nothing. If a checkpoint is missing, a `.safetensors` file of the same name is used, so
//! that a converted one is found. Called by `model` and by the command.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::catalog::{Catalog, Entry};
use crate::model::config::{Config, ModelType};

/// The default of `--exp` in the published program.
pub const EXP: &str = "exp";

/// The checkpoints of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The network's.
    pub weights: PathBuf,
    /// The classifier's, if the config has one.
    pub classifier: Option<PathBuf>,
}

/// Finds the checkpoints of `config` under `exp`.
///
/// # Errors
/// [`Error::Options`] for a data set that has no published checkpoint, [`Error::Checkpoint`]
/// naming every path where a checkpoint was looked for.
pub fn locate(config: &Config, exp: &Path) -> Result<Files> {
    let weights = first(candidates(config, exp)?)?;
    let classifier = classifier_beside(config, &weights)?;
    Ok(Files {
        weights,
        classifier,
    })
}

/// The classifier of `config`, under its published name in the folder of `weights`; `None` if the
/// config has none or does not use it.
///
/// # Errors
/// As [`locate`].
pub fn classifier_beside(config: &Config, weights: &Path) -> Result<Option<PathBuf>> {
    let pulls = config
        .classifier
        .as_ref()
        .is_some_and(|section| section.classifier_scale != 0.0);
    if !pulls || config.guide()?.is_none() {
        return Ok(None);
    }
    let side = config.data.image_size;
    let name = format!("{side}x{side}_classifier.pt");
    first(vec![weights.with_file_name(name)]).map(Some)
}

/// The paths of the network's checkpoint in the published program, best first.
fn candidates(config: &Config, exp: &Path) -> Result<Vec<PathBuf>> {
    let logs = exp.join("logs");
    match (config.model.family, config.data.dataset.as_str()) {
        (ModelType::Openai, _) => Ok(vec![logs.join("imagenet").join(adm_name(config))]),
        (ModelType::Simple, "CelebA_HQ") => Ok(vec![logs.join("celeba").join("celeba_hq.ckpt")]),
        (ModelType::Simple, "LSUN") => Ok(converted(&logs, lsun_name(&config.data.category)?)),
        (ModelType::Simple, other) => Err(Error::options(format!(
            "data.dataset {other:?} has no published checkpoint: must be CelebA_HQ or LSUN, \
             or the checkpoint must be given"
        ))),
        (ModelType::Own(own), _) => Err(Error::options(format!(
            "model.type {} has no checkpoint of its own under exp/",
            own.name
        ))),
    }
}

/// Only one unconditional model was published, for 256x256 pictures.
fn adm_name(config: &Config) -> String {
    let side = config.data.image_size;
    match config.class_cond() {
        true => format!("{side}x{side}_diffusion.pt"),
        false => "256x256_diffusion_uncond.pt".to_owned(),
    }
}

fn lsun_name(category: &str) -> Result<&'static str> {
    match category {
        "bedroom" => Ok("ema_diffusion_lsun_bedroom_model/model-2388000.ckpt"),
        "cat" => Ok("ema_diffusion_lsun_cat_model/model-1761000.ckpt"),
        "church" | "church_outdoor" => Ok("ema_diffusion_lsun_church_model/model-4432000.ckpt"),
        other => Err(Error::options(format!(
            "data.category {other:?} has no published checkpoint: must be bedroom, cat or \
             church_outdoor"
        ))),
    }
}

/// The published program uses `$XDG_CACHE_HOME` if that is set.
fn converted(logs: &Path, name: &str) -> Vec<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    [Some(logs.to_owned()), cache]
        .into_iter()
        .flatten()
        .map(|root| root.join("diffusion_models_converted").join(name))
        .collect()
}

/// The first of `paths` that exists, or its `.safetensors` counterpart.
fn first(paths: Vec<PathBuf>) -> Result<PathBuf> {
    let mut looked = Vec::new();
    for path in paths {
        for candidate in [path.clone(), path.with_extension("safetensors")] {
            if candidate.is_file() {
                return Ok(candidate);
            }
            looked.push(candidate);
        }
    }
    let hint = published_as(&looked).map_or(String::new(), |name| {
        format!("; it is published: ddrmjpeg model fetch {name}")
    });
    let looked: Vec<String> = looked.iter().map(|p| p.display().to_string()).collect();
    let looked = looked.join(", nor at ");
    Err(Error::Checkpoint(format!(
        "no checkpoint at {looked}{hint}"
    )))
}

/// The name in the catalogue of the model that belongs at one of `paths`.
fn published_as(paths: &[PathBuf]) -> Option<String> {
    let catalog = Catalog::embedded().ok()?;
    let place = |entry: &&Entry| {
        let source = entry.source.as_ref();
        source.is_some_and(|source| paths.iter().any(|path| path.ends_with(&source.file)))
    };
    let entry = catalog.entries().iter().find(place)?;
    Some(entry.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::shipped;

    fn config(name: &str) -> Config {
        let path = format!("{}/configs/{name}.yml", env!("CARGO_MANIFEST_DIR"));
        Config::parse(&std::fs::read_to_string(path).unwrap(), name).unwrap()
    }

    fn put(folder: &Path, name: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"").unwrap();
    }

    /// The reference is the paths that the published runner and its ckpt_util build.
    #[test]
    fn checkpoints_are_where_the_published_program_has_them() {
        let expected = [
            ("imagenet_256", "imagenet/256x256_diffusion_uncond.pt"),
            ("imagenet_256_cc", "imagenet/256x256_diffusion.pt"),
            ("imagenet_512_cc", "imagenet/512x512_diffusion.pt"),
            ("celeba_hq", "celeba/celeba_hq.ckpt"),
            (
                "bedroom",
                "diffusion_models_converted/ema_diffusion_lsun_bedroom_model/model-2388000.ckpt",
            ),
            (
                "cat",
                "diffusion_models_converted/ema_diffusion_lsun_cat_model/model-1761000.ckpt",
            ),
            (
                "church",
                "diffusion_models_converted/ema_diffusion_lsun_church_model/model-4432000.ckpt",
            ),
        ];
        for (name, path) in expected {
            let found = candidates(&config(name), Path::new("exp")).unwrap();
            assert_eq!(found[0], Path::new("exp/logs").join(path), "{name}");
        }
    }

    #[test]
    fn a_classifier_lies_beside_its_network() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "logs/imagenet/512x512_diffusion.pt");
        let config = config("imagenet_512_cc");
        let missing = locate(&config, folder.path()).unwrap_err().to_string();
        assert!(missing.contains("512x512_classifier.pt"), "{missing}");
        put(folder.path(), "logs/imagenet/512x512_classifier.pt");
        let found = locate(&config, folder.path()).unwrap();
        let expected = folder.path().join("logs/imagenet/512x512_classifier.pt");
        assert_eq!(found.classifier, Some(expected));
    }

    #[test]
    fn what_is_missing_is_named_and_a_converted_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let config = config("imagenet_256");
        let missing = locate(&config, folder.path()).unwrap_err().to_string();
        assert!(missing.contains("logs/imagenet/256x256_diffusion_uncond.pt"));
        put(
            folder.path(),
            "logs/imagenet/256x256_diffusion_uncond.safetensors",
        );
        let found = locate(&config, folder.path()).unwrap();
        assert!(
            found
                .weights
                .ends_with("256x256_diffusion_uncond.safetensors")
        );
        assert_eq!(found.classifier, None);
    }

    /// Models are fetched to where they are looked for, and both messages say so.
    #[test]
    fn every_model_of_the_catalogue_is_found_where_it_is_fetched_to() {
        let exp = tempfile::tempdir().unwrap();
        for entry in Catalog::embedded().unwrap().entries() {
            let Some(path) = entry.path(exp.path()) else {
                continue;
            };
            let config = config(entry.config.strip_suffix(".yml").unwrap());
            let missing = locate(&config, exp.path()).unwrap_err().to_string();
            let hint = format!("ddrmjpeg model fetch {}", entry.name);
            assert!(missing.contains(&hint), "{missing}");
            put(
                exp.path(),
                path.strip_prefix(exp.path()).unwrap().to_str().unwrap(),
            );
            if let Ok(found) = locate(&config, exp.path()) {
                assert!([Some(&found.weights), found.classifier.as_ref()].contains(&Some(&path)));
            }
        }
        // These have no checkpoint file.
        let built_in = ["lean.yml", "nano.yml"];
        for (name, _) in shipped::SHIPPED
            .iter()
            .filter(|(name, _)| !built_in.contains(name))
        {
            let config = config(name.strip_suffix(".yml").unwrap());
            assert!(locate(&config, exp.path()).is_ok(), "{name}");
        }
    }
}
