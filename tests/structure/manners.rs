//! What may be named where, and that every module says what it is.

use crate::source::Source;

/// Crates that belong to the faces.
const OF_THE_FACES: [&str; 11] = [
    "gst",
    "gstreamer",
    "gst_base",
    "gst_video",
    "glib",
    "clap",
    "anyhow",
    "indicatif",
    "serde_json",
    "pyo3",
    "numpy",
];
/// Crates of libtorch, and where they may be named.
const OF_TORCH: [&str; 2] = ["tch", "torch_sys"];
const TORCH_FOLDERS: [&str; 2] = ["src/model/", "src/runtime/"];
const PRINTING: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

fn is_library(path: &str) -> bool {
    path.starts_with("src/")
}

/// Crates of the faces in the core, and libtorch outside the folders that hold networks.
pub fn foreign_names(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| is_library(&source.path)) {
        let torch_is_fine = TORCH_FOLDERS
            .iter()
            .any(|folder| source.path.starts_with(folder));
        for index in 0..source.tokens.len() {
            let Some(name) = source.ident(index) else {
                continue;
            };
            let is_crate = source.puncts(index + 1, "::")
                || source.ident(index.wrapping_sub(1)) == Some("use");
            let foreign =
                OF_THE_FACES.contains(&name) || OF_TORCH.contains(&name) && !torch_is_fine;
            if is_crate && foreign {
                found.push(format!("{}: {name} has no place here", source.at(index)));
            }
        }
    }
    found
}

/// Printing in the library, tests aside.
pub fn printing(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources
        .iter()
        .filter(|source| !source.path.starts_with("cli/"))
    {
        for index in 0..source.tokens.len() {
            let name = source.ident(index).unwrap_or_default();
            if PRINTING.contains(&name)
                && source.puncts(index + 1, "!")
                && !source.tokens[index].in_test
            {
                found.push(format!("{}: {name}! outside the command", source.at(index)));
            }
        }
    }
    found
}

/// `use … *` outside tests. The plugin may take in the preludes of the GStreamer crates, whose
/// traits it could not name one by one.
pub fn glob_imports(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for index in (0..source.tokens.len()).filter(|&index| source.ident(index) == Some("use")) {
            let statement = (index..source.tokens.len()).take_while(|&at| !source.puncts(at, ";"));
            let glob = statement.into_iter().find(|&at| source.puncts(at, "*"));
            let Some(star) = glob.filter(|_| !source.tokens[index].in_test) else {
                continue;
            };
            let prelude = source.ident(star.wrapping_sub(3)) == Some("prelude");
            if !(prelude && source.path.starts_with("plugin/")) {
                found.push(format!("{}: a glob import", source.at(index)));
            }
        }
    }
    found
}

/// Files that do not open with `//!`, or with a text taken in as their documentation.
pub fn missing_headers(sources: &[Source]) -> Vec<String> {
    let opens_well = |source: &&Source| {
        let first = source.text.trim_start();
        !first.starts_with("//!") && !first.starts_with("#![doc = include_str!")
    };
    let bare = sources.iter().filter(opens_well);
    bare.map(|source| format!("{}: does not open with //! and what it is", source.path))
        .collect()
}

/// Files of Python that do not open with a docstring, and files of C that do not with a comment.
pub fn missing_openings(texts: &[(String, String)]) -> Vec<String> {
    let opening = |path: &str| match path.ends_with(".py") {
        true => "\"\"\"",
        false => "/*",
    };
    let bare = texts
        .iter()
        .filter(|(path, text)| !text.starts_with(opening(path)));
    bare.map(|(path, _)| format!("{path}: does not open with what it is"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(check: fn(&[Source]) -> Vec<String>, path: &str, text: &str) -> usize {
        check(&[Source::new(path, text)]).len()
    }

    #[test]
    fn foreign_crates_are_seen() {
        assert_eq!(
            count(
                foreign_names,
                "src/restore.rs",
                "fn f() { tch::no_grad(|| 1); }"
            ),
            1
        );
        assert_eq!(
            count(foreign_names, "src/jpeg/mod.rs", "use clap; use gst::Caps;"),
            2
        );
        assert_eq!(
            count(foreign_names, "src/model/lean.rs", "use tch::Tensor;"),
            0
        );
        assert_eq!(
            count(foreign_names, "cli/src/main.rs", "use clap::Parser;"),
            0
        );
        assert_eq!(
            count(foreign_names, "src/jpeg/mod.rs", "fn f() { let gst = 1; }"),
            0
        );
    }

    #[test]
    fn printing_is_seen() {
        assert_eq!(
            count(
                printing,
                "src/restore.rs",
                "fn f() { println!(); g(|| dbg!(1)) }"
            ),
            2
        );
        assert_eq!(
            count(
                printing,
                "src/restore.rs",
                "#[cfg(test)] mod tests { fn f() { println!() } }"
            ),
            0
        );
        assert_eq!(
            count(printing, "cli/src/main.rs", "fn f() { println!() }"),
            0
        );
    }

    #[test]
    fn globs_are_seen() {
        assert_eq!(count(glob_imports, "src/a.rs", "use a::{b::*, c};"), 1);
        assert_eq!(count(glob_imports, "src/a.rs", "use gst::prelude::*;"), 1);
        assert_eq!(
            count(glob_imports, "plugin/src/a.rs", "use gst::prelude::*;"),
            0
        );
        assert_eq!(
            count(
                glob_imports,
                "src/a.rs",
                "use a::b; fn f() { a * b; } #[cfg(test)] mod t { use super::*; }"
            ),
            0
        );
    }

    #[test]
    fn bare_files_of_c_and_python_are_seen() {
        let bare =
            |path: &str, text: &str| missing_openings(&[(path.to_owned(), text.to_owned())]).len();
        assert_eq!(bare("a.py", "import os\n"), 1);
        assert_eq!(bare("a.py", "\"\"\"What.\"\"\"\nimport os\n"), 0);
        assert_eq!(bare("a.c", "#include <a.h>\n"), 1);
        assert_eq!(bare("a.c", "/* What. */\n"), 0);
    }

    #[test]
    fn bare_files_are_seen() {
        assert_eq!(count(missing_headers, "src/a.rs", "// what\nfn f() {}"), 1);
        assert_eq!(
            count(missing_headers, "src/a.rs", "//! What.\nfn f() {}"),
            0
        );
    }
}
