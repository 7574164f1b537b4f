//! Lists of inputs: one path a line, or paths that end with a NUL byte, as `find -print0` writes them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, stdin};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Longest list, in bytes: paths of ten million files.
const LONGEST: u64 = 2 << 30;

/// The paths in the list `path`, or on standard input if it is `-`.
pub fn read(path: &Path) -> Result<Vec<PathBuf>> {
    let name = || format!("--files-from {}", path.display());
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)),
    };
    read.with_context(name)?;
    if bytes.len() as u64 > LONGEST {
        bail!("{}: longer than {LONGEST} bytes", name());
    }
    paths(&bytes).with_context(name)
}

fn paths(bytes: &[u8]) -> Result<Vec<PathBuf>> {
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let lines = bytes.split(|byte| *byte == end);
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let paths: Vec<_> = lines
        .filter(|line| !line.is_empty())
        .map(|line| PathBuf::from(OsStr::from_bytes(line)))
        .collect();
    match paths.iter().find(|path| below(path).is_none()) {
        Some(path) => bail!(
            "{}: a path with '..' has no place in the output folder",
            path.display()
        ),
        None => Ok(paths),
    }
}

/// Where the result of a listed file belongs below the output folder: as the list names it, so that
/// files of one name in several folders do not meet. `None` for a path with `..`.
pub fn below(path: &Path) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => relative.push(name),
            Component::ParentDir => return None,
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    (!relative.as_os_str().is_empty()).then_some(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_or_nul_bytes_end_a_path() {
        let expected = ["a b.jpg", "/x/c.jpg"].map(PathBuf::from);
        assert_eq!(paths(b"a b.jpg\n/x/c.jpg").unwrap(), expected);
        assert_eq!(paths(b"a b.jpg\r\n\r\n/x/c.jpg\r\n").unwrap(), expected);
        assert_eq!(paths(b"a b.jpg\0/x/c.jpg\0").unwrap(), expected);
        assert_eq!(paths(b"a\nb.jpg\0").unwrap(), [PathBuf::from("a\nb.jpg")]);
        assert!(paths(b"").unwrap().is_empty());
    }

    #[test]
    fn a_result_stays_below_the_output_folder() {
        let place = |path: &str| below(Path::new(path));
        assert_eq!(place("./a/b.jpg"), Some("a/b.jpg".into()));
        assert_eq!(place("/a/b.jpg"), Some("a/b.jpg".into()));
        assert_eq!(
            (place("../b.jpg"), place("."), place("/")),
            (None, None, None)
        );
        let refused = paths(b"a.jpg\nx/../b.jpg\n").unwrap_err().to_string();
        assert!(refused.contains("x/../b.jpg"), "{refused}");
    }
}
