//! Which module may import which: the rows of ARCHITECTURE.md, "Who may import whom".

use proc_macro2::Delimiter;

use crate::source::{Kind, Source};

/// Top-level modules of the library, lowest first. A module imports from the rows above its own
/// and from itself; the modules of one row do not know each other, but for the ground.
const ROWS: [&[&str]; 8] = [
    &[
        "degradation",
        "assumed_quality",
        "error",
        "frame",
        "free_memory",
        "interval",
        "options",
        "contract",
        "simd",
    ],
    &["runtime"],
    &["jpeg", "sampler"],
    &["model", "report"],
    &["solve"],
    &["source"],
    &["stream"],
    &["restore"],
];

/// Edges of the core that the rows forbid, and modules that stand in no row.
pub fn wrong_edges(sources: &[Source]) -> Vec<String> {
    let core = sources.iter().filter(|source| is_core(&source.path));
    core.flat_map(wrong_edges_of).collect()
}

/// The library's own files but its root, which names them all.
fn is_core(path: &str) -> bool {
    path.starts_with("src/") && path != "src/lib.rs"
}

fn wrong_edges_of(source: &Source) -> Vec<String> {
    let path = module_path(&source.path);
    let from = path[0].as_str();
    if row(from).is_none() {
        return vec![format!(
            "{}: the module {from} has no place in the layers",
            source.path
        )];
    }
    let edges = roots(source, path.len());
    let wrong = edges.iter().filter(|(_, to)| !allowed(from, to));
    wrong
        .map(|(index, to)| format!("{}: {from} imports {to}", source.at(*index)))
        .collect()
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn allowed(from: &str, to: &str) -> bool {
    match (row(from), row(to)) {
        (Some(from_row), Some(to_row)) => {
            from == to || to_row < from_row || from_row.max(to_row) == 0
        }
        _ => false,
    }
}

/// `src/jpeg/dct.rs` is [jpeg, dct], `src/jpeg/mod.rs` is [jpeg].
fn module_path(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    inner
        .trim_end_matches("/mod")
        .split('/')
        .map(str::to_owned)
        .collect()
}

/// Every name that `source`, `level` modules deep, takes from the crate's root, with its index;
/// tests aside, which may build what they try from anything.
fn roots(source: &Source, level: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < source.tokens.len() {
        let (next, reaches_root) = climb(source, index, level);
        if reaches_root && !source.tokens[index].in_test {
            found.extend(heads(source, next).into_iter().map(|head| (index, head)));
        }
        index = next.max(index + 1);
    }
    found
}

/// Follows `crate::` or `super::super::…` at `index`: the index behind it, and whether it leads
/// to the crate's root.
fn climb(source: &Source, index: usize, level: usize) -> (usize, bool) {
    if source.ident(index) == Some("crate") && source.puncts(index + 1, "::") {
        return (index + 3, true);
    }
    let mut next = index;
    let mut supers = 0;
    while source.ident(next) == Some("super") && source.puncts(next + 1, "::") {
        next += 3;
        supers += 1;
    }
    let above_root = level + source.tokens[index].inline_modules;
    (next, supers > 0 && supers >= above_root)
}

/// The first names of the path, or of each path in the braces, at `index`.
fn heads(source: &Source, index: usize) -> Vec<String> {
    match source.tokens.get(index).map(|token| &token.kind) {
        Some(Kind::Ident(name)) => vec![name.clone()],
        Some(Kind::Open(Delimiter::Brace)) => {
            let inside = source.tokens[index].depth + 1;
            let starts = (index + 1..source.closing(index)).filter(|&at| {
                let before = &source.tokens[at - 1];
                let begins = at == index + 1 || before.kind == Kind::Punct(',');
                source.tokens[at].depth == inside && begins
            });
            starts.flat_map(|at| heads(source, at)).collect()
        }
        _ => vec!["everything".to_owned()],
    }
}

/// Ways by which a face could get past the library's public interface.
pub fn private_doors(sources: &[Source]) -> Vec<String> {
    let faces = sources.iter().filter(|source| is_face(&source.path));
    faces.flat_map(private_doors_of).collect()
}

fn is_face(path: &str) -> bool {
    let faces = ["capi/", "cli/", "plugin/", "python/"];
    faces.iter().any(|face| path.starts_with(face))
}

fn private_doors_of(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for index in 0..source.tokens.len() {
        let name = source.ident(index).unwrap_or_default();
        if matches!(name, "tch" | "torch_sys" | "mozjpeg_sys") {
            found.push(format!("{}: a face uses {name} directly", source.at(index)));
        }
        if name == "include" && source.puncts(index + 1, "!") || is_path_attribute(source, index) {
            found.push(format!(
                "{}: a face takes in a file by its path",
                source.at(index)
            ));
        }
    }
    found
}

/// `#[path = …]`
fn is_path_attribute(source: &Source, index: usize) -> bool {
    let opens = index >= 2 && source.tokens[index - 1].kind == Kind::Open(Delimiter::Bracket);
    opens
        && source.puncts(index - 2, "#")
        && source.ident(index) == Some("path")
        && source.puncts(index + 1, "=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(path: &str, text: &str) -> Vec<String> {
        wrong_edges(&[Source::new(path, text)])
    }

    #[test]
    fn upward_and_sideways_edges_are_seen() {
        assert_eq!(
            edges("src/jpeg/dct.rs", "use crate::model::X;"),
            ["src/jpeg/dct.rs:1: jpeg imports model"]
        );
        assert_eq!(
            edges("src/error.rs", "fn f() { m!(crate::jpeg::x()) }").len(),
            1
        );
        assert_eq!(
            edges(
                "src/sampler/mod.rs",
                "use crate::{error::{A, B}, model::C, restore};"
            )
            .len(),
            2
        );
        assert_eq!(edges("src/jpeg/mod.rs", "use super::restore;").len(), 1);
        assert_eq!(
            edges("src/jpeg/mod.rs", "mod a { use super::super::sampler::X; }").len(),
            1
        );
        assert_eq!(edges("src/runtime/mod.rs", "use crate::model::X;").len(), 1);
        assert_eq!(
            edges("src/restore.rs", "use crate::Restorer;").len(),
            1,
            "a re-export hides its module"
        );
        assert_eq!(edges("src/jpeg/mod.rs", "use crate::*;").len(), 1);
        assert_eq!(edges("src/misc.rs", "").len(), 1);
    }

    #[test]
    fn allowed_edges_pass() {
        let fine = "use crate::{contract::X, jpeg::Y}; use super::b; pub(crate) fn f() {} mod t { use super::*; }";
        assert_eq!(edges("src/jpeg/dct.rs", fine), [""; 0]);
        assert_eq!(
            edges("src/contract.rs", "use crate::frame::Picture;"),
            [""; 0]
        );
        assert_eq!(
            edges("src/stream/mod.rs", "use crate::{solve::X, model::Y};"),
            [""; 0]
        );
        assert_eq!(edges("src/lib.rs", "pub use crate::restore::X;"), [""; 0]);
    }

    #[test]
    fn doors_are_seen() {
        let doors = |text: &str| private_doors(&[Source::new("cli/src/main.rs", text)]).len();
        assert_eq!(doors("use tch::Tensor;"), 1);
        assert_eq!(doors("#[path = \"../../src/jpeg/dct.rs\"] mod dct;"), 1);
        assert_eq!(doors("include!(\"x.rs\");"), 1);
        assert_eq!(
            doors("use ddrmjpeg::Restorer; fn f(path: &str) { let path = 1; }"),
            0
        );
    }
}
