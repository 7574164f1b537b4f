//! Folders of pictures in the order of torchvision's `ImageFolder`: a folder per class, classes
//! and files sorted by name, the class's place as label.

use std::fs;
use std::path::{Path, PathBuf};

use crate::datasets::Sample;
use ddrmjpeg::error::{Error, Result};

/// torchvision's `IMG_EXTENSIONS`.
const EXTENSIONS: [&str; 9] = [
    "jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp",
];

/// Most levels of nested folders, more than any data set needs; links may form loops.
const DEPTH: usize = 32;

/// The pictures below `root`. If there are no class folders, which torchvision refuses, the
/// pictures in `root` itself are taken, without labels.
pub(crate) fn read(root: &Path) -> Result<Vec<Sample>> {
    let mut classes: Vec<PathBuf> = entries(root)?.into_iter().filter(|p| p.is_dir()).collect();
    classes.sort();
    let mut samples = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let files = walk(class)?.into_iter();
        samples.extend(files.map(|path| Sample {
            path,
            label: Some(label as i64),
        }));
    }
    if classes.is_empty() {
        let files = pictures(root)?.into_iter();
        samples.extend(files.map(|path| Sample { path, label: None }));
    }
    if samples.is_empty() {
        return Err(Error::Input(format!(
            "{}: no pictures in this folder",
            root.display()
        )));
    }
    Ok(samples)
}

/// Pictures of `class` and the folders in it: folders sorted by their whole path, then files.
fn walk(class: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![class.to_owned()];
    let mut level = folders.clone();
    for _ in 0..DEPTH {
        let mut inner = Vec::new();
        for folder in &level {
            inner.extend(entries(folder)?.into_iter().filter(|p| p.is_dir()));
        }
        folders.extend_from_slice(&inner);
        level = inner;
    }
    // Compared as text, as in Python; Rust compares paths by component.
    folders.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    let files = folders.iter().map(|folder| pictures(folder));
    Ok(files.collect::<Result<Vec<_>>>()?.concat())
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = entries(folder)?;
    files.retain(|path| path.is_file() && is_picture(path));
    files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(files)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    EXTENSIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(extension))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io(folder, e);
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| Ok(entry.map_err(failed)?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        root
    }

    fn found(root: &tempfile::TempDir) -> Vec<(String, Option<i64>)> {
        let samples = read(root.path()).unwrap().into_iter();
        let name = |path: &Path| {
            path.strip_prefix(root.path())
                .unwrap()
                .display()
                .to_string()
        };
        samples.map(|s| (name(&s.path), s.label)).collect()
    }

    /// The order of torchvision: upper case before lower, "10" before "9", `b/a-b` before `b/a/c`
    /// because folders are sorted as text; files outside class folders and other files are left
    /// out.
    #[test]
    fn the_order_is_torchvisions() {
        let root = tree(&[
            "loose.png",
            "b/9.png",
            "b/10.PNG",
            "b/a/1.jpg",
            "b/a-b/2.jpg",
            "b/a/c/3.jpg",
            "b/notes.txt",
            "B/z.webp",
            "c/x.jpeg",
        ]);
        let expected = [
            ("B/z.webp", 0),
            ("b/10.PNG", 1),
            ("b/9.png", 1),
            ("b/a/1.jpg", 1),
            ("b/a-b/2.jpg", 1),
            ("b/a/c/3.jpg", 1),
            ("c/x.jpeg", 2),
        ];
        let expected = expected.map(|(name, label)| (name.to_owned(), Some(label)));
        assert_eq!(found(&root), expected);
    }

    #[test]
    fn loose_pictures_are_taken_where_there_are_no_classes() {
        let root = tree(&["2.png", "10.jpg"]);
        let expected = [("10.jpg".to_owned(), None), ("2.png".to_owned(), None)];
        assert_eq!(found(&root), expected);
    }

    #[test]
    fn an_empty_folder_is_named() {
        let root = tree(&["a/notes.txt"]);
        let message = read(root.path()).unwrap_err().to_string();
        assert!(message.contains(root.path().to_str().unwrap()), "{message}");
    }
}
