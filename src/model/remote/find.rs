//! Where `ddrmjpeg-torch` is: the program beside command and plugin that has libtorch.
//!
//! It starts nothing. The plugin runs in a process of somebody else's, so the file that this code is
//! in counts as well as the executable. Its path comes from /proc/self/maps: a safe read, and right
//! wherever the installation was moved to, which a prefix fixed when building is not.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::model::mappings::Mapping;

/// Its name.
pub const NAME: &str = "ddrmjpeg-torch";

/// The environment variable that names its path.
pub const VARIABLE: &str = "DDRMJPEG_TORCH";

/// Its folder, seen from a prefix of an installation.
const LIBEXEC: &str = "libexec/ddrmjpeg";

/// The folders of command, plugin and C library below a prefix; a star is the name of an
/// architecture.
const INSTALLED: [&[&str]; 5] = [
    &["bin"],
    &["lib"],
    &["lib", "*"],
    &["lib", "gstreamer-1.0"],
    &["lib", "*", "gstreamer-1.0"],
];

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// What the environment variable names is no file.
    Named(PathBuf),
    /// It is in none of these places, nor on the PATH.
    Nowhere(Vec<PathBuf>),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {NAME}, the program with libtorch, ")?;
        match self {
            Self::Named(path) => {
                let path = path.display();
                write!(
                    f,
                    "but {VARIABLE} = {path} is no file. Correct or unset it; "
                )?;
            }
            Self::Nowhere(places) => {
                let places = places.iter().map(|place| place.display().to_string());
                let places = places.collect::<Vec<_>>().join(", nor ");
                write!(f, "which is not at {places}, nor on the PATH. ")?;
            }
        }
        write!(
            f,
            "`make build TORCH=1` builds it, `make install TORCH=1` or Debian's package {NAME} \
             installs it, and {VARIABLE} names one that is elsewhere"
        )
    }
}

/// The program: what the environment variable names; else beside this code or the executable, or in
/// `libexec/ddrmjpeg` of their prefix; else on the PATH.
///
/// # Errors
/// [`Missing`], with every place.
pub fn program() -> Result<PathBuf, Missing> {
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return match named.is_file() {
            true => Ok(named),
            false => Err(Missing::Named(named)),
        };
    }
    let files = [this_code(), env::current_exe().ok()];
    let path = env::var_os("PATH").unwrap_or_default();
    among(
        &places(files.into_iter().flatten()),
        env::split_paths(&path),
    )
}

fn among(places: &[PathBuf], path: impl Iterator<Item = PathBuf>) -> Result<PathBuf, Missing> {
    let absolute = path.filter(|folder| folder.is_absolute());
    let mut all = places
        .iter()
        .cloned()
        .chain(absolute.map(|folder| folder.join(NAME)));
    all.find(|place| place.is_file())
        .ok_or_else(|| Missing::Nowhere(places.to_vec()))
}

/// Beside each of `files`, and in the libexec folder of a prefix that it may be installed in.
fn places(files: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for file in files {
        let Some(folder) = file.parent() else {
            continue;
        };
        let installed = prefixes(folder).map(|prefix| prefix.join(LIBEXEC));
        let folders = [folder.to_owned()].into_iter().chain(installed);
        for place in folders.map(|folder| folder.join(NAME)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// The prefixes of which `folder` is where one of them is installed. No other folder above it
/// is looked into: anybody may be able to write there.
fn prefixes(folder: &Path) -> impl Iterator<Item = &Path> {
    INSTALLED.iter().filter_map(|names| {
        let mut ancestors = folder.ancestors();
        for name in names.iter().rev() {
            let found = ancestors.next()?.file_name()?;
            if *name != "*" && found != *name {
                return None;
            }
        }
        ancestors.next()
    })
}

/// The file that holds this function's machine code: the executable, the plugin or the C library. `None` where
/// the system does not say.
fn this_code() -> Option<PathBuf> {
    let address = this_code as fn() -> Option<PathBuf> as usize;
    Mapping::at(address)?.file
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn this_code_is_in_the_executable_of_the_test() {
        let executable = env::current_exe().unwrap();
        assert_eq!(this_code().unwrap(), executable.canonicalize().unwrap());
    }

    #[test]
    fn it_is_beside_or_in_libexec_of_the_prefix_or_on_the_path() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let put = |path: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), "").unwrap();
            at(path)
        };
        let find = |file: &str| {
            let path = [PathBuf::from("relative"), at("elsewhere")];
            among(&places([at(file)].into_iter()), path.into_iter())
        };
        let (command, plugin) = (
            "bin/ddrmjpeg",
            "lib/x86_64-linux-gnu/gstreamer-1.0/libgst.so",
        );
        let missing = find(command).unwrap_err();
        let text = missing.to_string();
        assert!(
            text.contains(&at("bin/ddrmjpeg-torch").display().to_string()),
            "{text}"
        );
        assert!(
            text.contains("make build TORCH=1") && text.contains(VARIABLE),
            "{text}"
        );
        let on_path = put("elsewhere/ddrmjpeg-torch");
        assert_eq!(find(command), Ok(on_path.clone()));
        let installed = put("libexec/ddrmjpeg/ddrmjpeg-torch");
        assert_eq!(find(command), Ok(installed.clone()));
        assert_eq!(find(plugin), Ok(installed.clone()));
        for library in [
            "lib/libddrmjpeg.so.0",
            "lib/x86_64-linux-gnu/libddrmjpeg.so.0",
        ] {
            assert_eq!(find(library), Ok(installed.clone()));
        }
        // Not below just any folder.
        assert_eq!(find("tools/ddrmjpeg"), Ok(on_path.clone()));
        assert_eq!(find("bin/debug/ddrmjpeg"), Ok(on_path));
        let beside = put("bin/ddrmjpeg-torch");
        assert_eq!(find(command), Ok(beside));
    }
}
