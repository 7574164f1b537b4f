//! The data sets of the published experiments: which files, in which order, with which labels,
//! and how each becomes a square of the network's size.
//!
//! Folders below `exp/datasets` are those of the published `datasets` package, so that users need
//! not move theirs. This module reads directories and lists but decodes no pictures: the command
//! does that and passes the pixels to [`Transform::apply`].

mod folder;
mod numpy;
pub mod range;
pub mod resample;
mod subset;
mod transform;

use std::path::{Path, PathBuf};

pub use crate::datasets::range::Range;
pub use crate::datasets::transform::Transform;

use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::config::Data;

/// One picture of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The file.
    pub path: PathBuf,
    /// Its class, if the data set has classes.
    pub label: Option<i64>,
}

/// Files in the published order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The pictures; the index in this list is the id in the names of the results.
    pub samples: Vec<Sample>,
    /// How each is resized.
    pub transform: Transform,
}

/// The test set that `data` describes, below `exp`.
///
/// `ImageNet` (the thousand of `imagenet_val_1k.txt`, the folder `ood`, or the validation set),
/// `LSUN`, `CelebA_HQ`, `FFHQ`; and `folder`, which is not published: any pictures in `ood`.
///
/// # Errors
/// [`Error::Io`] naming the missing folder or list, [`Error::Input`] for a folder without pictures
/// or a list that cannot be read, [`Error::Options`] for an unknown data set.
pub fn open(data: &Data, exp: &Path) -> Result<Dataset> {
    let root = exp.join("datasets");
    match (data.dataset.as_str(), data.out_of_dist) {
        ("ImageNet", _) if data.subset_1k => {
            let list = exp.join("imagenet_val_1k.txt");
            let samples = subset::read(&list, &root.join("imagenet").join("imagenet"))?;
            Ok(Dataset {
                samples,
                transform: Transform::SquareThenResize,
            })
        }
        ("ImageNet" | "folder", true) => folder_of(&root.join("ood"), Transform::AdmCentreCrop),
        ("ImageNet", false) => {
            folder_of(&root.join("imagenet").join("val"), Transform::AdmCentreCrop)
        }
        ("LSUN", true) => {
            let name = format!("ood_{}", data.category);
            folder_of(&root.join(name), Transform::AdmCentreCrop)
        }
        ("LSUN", false) => lsun(&root.join("lsun"), &data.category),
        ("CelebA_HQ" | "FFHQ", true) => folder_of(&root.join("ood_celeba"), Transform::Squash),
        ("CelebA_HQ" | "FFHQ", false) => {
            let all = folder_of(&root.join("celeba_hq"), Transform::Squash)?;
            Ok(last_tenth(all))
        }
        (other, _) => Err(Error::options(format!(
            "data.dataset {other:?}: must be ImageNet, LSUN, CelebA_HQ, FFHQ or folder"
        ))),
    }
}

fn folder_of(root: &Path, transform: Transform) -> Result<Dataset> {
    let samples = folder::read(root)?;
    Ok(Dataset { samples, transform })
}

/// The published program reads LSUN's own database; here the pictures must be in a folder.
fn lsun(root: &Path, category: &str) -> Result<Dataset> {
    let name = format!("{category}_val");
    let database = root.join(format!("{name}_lmdb"));
    let folder = root.join(name);
    if database.exists() && !folder.exists() {
        return Err(Error::Unsupported(format!(
            "{}: LSUN's database is not read; export its pictures to {}",
            database.display(),
            folder.display()
        )));
    }
    folder_of(&folder, Transform::ResizeThenCrop)
}

/// The published split of CelebA-HQ: shuffled by numpy's generator, seed 2019; the last tenth
/// is the test set.
fn last_tenth(all: Dataset) -> Dataset {
    let order = numpy::shuffled(2019, all.samples.len());
    let from = (all.samples.len() as f64 * 0.9) as usize;
    let samples = order[from..].iter().map(|&i| all.samples[i].clone());
    Dataset {
        samples: samples.collect(),
        ..all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::model::config::Config;

    fn data(name: &str, edit: impl Fn(&mut Data)) -> Data {
        let path = format!("{}/../configs/{name}.yml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut data = Config::parse(&text, name).unwrap().data;
        edit(&mut data);
        data
    }

    fn put(folder: &Path, name: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"").unwrap();
    }

    /// The folders of the published `datasets` package.
    #[test]
    fn folders_are_the_published_ones() {
        let exp = tempfile::tempdir().unwrap();
        let in_dist = |data: &mut Data| data.out_of_dist = false;
        let cases = [
            (data("imagenet_256", |_| {}), "datasets/ood/a/1.png"),
            (data("lean", |_| {}), "datasets/ood/a/1.png"),
            (
                data("church", |_| {}),
                "datasets/ood_church_outdoor/a/1.png",
            ),
            (
                data("bedroom", in_dist),
                "datasets/lsun/bedroom_val/a/1.png",
            ),
            (data("celeba_hq", |_| {}), "datasets/ood_celeba/a/1.png"),
            (data("celeba_hq", in_dist), "datasets/celeba_hq/a/1.png"),
            (
                data("imagenet_256", in_dist),
                "datasets/imagenet/val/a/1.JPEG",
            ),
        ];
        for (data, file) in cases {
            let folder = exp.path().join(file);
            let folder = folder.parent().unwrap().parent().unwrap();
            let missing = open(&data, exp.path()).unwrap_err().to_string();
            assert!(missing.contains(folder.to_str().unwrap()), "{missing}");
            put(exp.path(), file);
            let found = open(&data, exp.path()).unwrap();
            assert_eq!(found.samples[0].path, exp.path().join(file));
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn the_thousand_are_listed_with_or_without_labels() {
        let exp = tempfile::tempdir().unwrap();
        let data = data("imagenet_256", |data| data.subset_1k = true);
        let missing = open(&data, exp.path()).unwrap_err().to_string();
        assert!(missing.contains("imagenet_val_1k.txt"), "{missing}");
        let list = exp.path().join("imagenet_val_1k.txt");
        std::fs::write(&list, "ILSVRC2012_val_00000293 65\nsub/x\n").unwrap();
        let found = open(&data, exp.path()).unwrap();
        assert_eq!(found.transform, Transform::SquareThenResize);
        let root = exp.path().join("datasets/imagenet/imagenet");
        let expected = [
            ("ILSVRC2012_val_00000293.jpeg", Some(65)),
            ("sub/x.jpeg", None),
        ];
        for (sample, (name, label)) in found.samples.iter().zip(expected) {
            assert_eq!(sample.path, root.join(name));
            assert_eq!(sample.label, label);
        }
        std::fs::write(&list, "a b\n").unwrap();
        let wrong = open(&data, exp.path()).unwrap_err().to_string();
        assert!(
            wrong.contains("line 1") && wrong.contains("\"b\""),
            "{wrong}"
        );
    }

    /// numpy 2.4: seed 2019, shuffle of 0..30, the last three.
    #[test]
    fn the_test_set_of_celeba_hq_is_the_published_tenth() {
        let exp = tempfile::tempdir().unwrap();
        for i in 0..30 {
            put(exp.path(), &format!("datasets/celeba_hq/a/{i:02}.png"));
        }
        let data = data("celeba_hq", |data| data.out_of_dist = false);
        let found = open(&data, exp.path()).unwrap();
        let names: Vec<_> = found
            .samples
            .iter()
            .map(|s| s.path.file_name().unwrap())
            .collect();
        assert_eq!(
            names,
            ["05.png", "18.png", "08.png"].map(std::ffi::OsStr::new)
        );
    }

    #[test]
    fn other_data_sets_are_refused_by_name() {
        let data = data("imagenet_256", |data| data.dataset = "CIFAR10".into());
        let message = open(&data, Path::new("exp")).unwrap_err().to_string();
        assert!(
            message.contains("CIFAR10") && message.contains("FFHQ"),
            "{message}"
        );
    }
}
