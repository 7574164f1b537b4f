//! How long functions and files may be.

use std::collections::BTreeMap;

use proc_macro2::Delimiter;

use crate::source::{Kind, Source};

const FUNCTION_LINES: usize = 80;
const FILE_LINES: usize = 400;
const FOLDER_FILES: usize = 15;
/// How many files of the library may have the same name.
const SAME_NAMES: usize = 2;

/// Functions of more than [`FUNCTION_LINES`] lines from `fn` to the brace that closes, tests aside.
pub fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for index in (0..source.tokens.len()).filter(|&index| !source.tokens[index].in_test) {
            let lines = function_lines(source, index).unwrap_or(0);
            if lines > FUNCTION_LINES {
                let name = source.ident(index + 1).unwrap_or_default();
                found.push(format!(
                    "{}: {name} has {lines} lines, {FUNCTION_LINES} allowed",
                    source.at(index)
                ));
            }
        }
    }
    found
}

/// Lines of the function that begins at `index`; none if no function with a body does.
fn function_lines(source: &Source, index: usize) -> Option<usize> {
    if source.ident(index) != Some("fn") {
        return None;
    }
    source.ident(index + 1)?;
    let depth = source.tokens[index].depth;
    let mut rest = (index..source.tokens.len()).filter(|&at| source.tokens[at].depth == depth);
    let body = rest.find(|&at| {
        matches!(
            source.tokens[at].kind,
            Kind::Open(Delimiter::Brace) | Kind::Punct(';')
        )
    })?;
    if source.tokens[body].kind == Kind::Punct(';') {
        return None;
    }
    Some(source.tokens[source.closing(body)].line - source.tokens[index].line + 1)
}

/// Folders that hold more than [`FOLDER_FILES`] of these files, those of their own folders aside.
pub fn full_folders(paths: &[String]) -> Vec<String> {
    let folder = |path: &String| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let full = counts(paths.iter().filter_map(folder), FOLDER_FILES);
    full.map(|(folder, count)| format!("{folder}: {count} files, {FOLDER_FILES} allowed"))
        .collect()
}

/// Names that more than [`SAME_NAMES`] files of the library have.
pub fn common_stems(paths: &[String]) -> Vec<String> {
    let of_library = paths.iter().filter(|path| path.starts_with("src/"));
    let names = of_library.filter_map(|path| path.rsplit('/').next());
    let common = counts(
        names.filter(|&name| name != "mod.rs").map(str::to_owned),
        SAME_NAMES,
    );
    common
        .map(|(name, count)| format!("{count} files are called {name}, {SAME_NAMES} allowed"))
        .collect()
}

/// What occurs more than `most` times, and how often.
fn counts(all: impl Iterator<Item = String>, most: usize) -> impl Iterator<Item = (String, usize)> {
    let mut found = BTreeMap::new();
    for one in all {
        *found.entry(one).or_insert(0) += 1;
    }
    found.into_iter().filter(move |&(_, count)| count > most)
}

/// Files of more than [`FILE_LINES`] lines, constant tables aside.
pub fn long_files(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let lines = source.text.lines().count() - table_lines(source);
        if lines > FILE_LINES {
            found.push(format!(
                "{}: {lines} lines, {FILE_LINES} allowed",
                source.path
            ));
        }
    }
    found
}

/// Files in other languages of more than [`FILE_LINES`] lines.
pub fn long_texts(texts: &[(String, String)]) -> Vec<String> {
    let lines = texts
        .iter()
        .map(|(path, text)| (path, text.lines().count()));
    let long = lines.filter(|(_, lines)| *lines > FILE_LINES);
    long.map(|(path, lines)| format!("{path}: {lines} lines, {FILE_LINES} allowed"))
        .collect()
}

/// Lines inside the values of `const` and `static` arrays.
fn table_lines(source: &Source) -> usize {
    let starts = (0..source.tokens.len())
        .filter(|&index| matches!(source.ident(index), Some("const" | "static")));
    starts.filter_map(|index| table_value(source, index)).sum()
}

fn table_value(source: &Source, index: usize) -> Option<usize> {
    let depth = source.tokens[index].depth;
    let statement = || {
        let same_level =
            (index..source.tokens.len()).filter(move |&at| source.tokens[at].depth == depth);
        same_level.take_while(|&at| !source.puncts(at, ";"))
    };
    let equals = statement().find(|&at| source.puncts(at, "="))?;
    let is_bracket = |at: &usize| source.tokens[*at].kind == Kind::Open(Delimiter::Bracket);
    let open = statement().filter(|&at| at > equals).find(is_bracket)?;
    let between = source.tokens[source.closing(open)].line - source.tokens[open].line;
    Some(between.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize) -> String {
        format!(
            "fn long<T>(x: T)\nwhere T: Copy {{{}}}",
            "\n".repeat(lines - 2)
        )
    }

    #[test]
    fn long_functions_are_seen() {
        let complaints = |text: &str| long_functions(&[Source::new("src/a.rs", text)]).len();
        assert_eq!(complaints(&function(80)), 0);
        assert_eq!(complaints(&function(81)), 1);
        assert_eq!(complaints(&format!("impl A {{ {} }}", function(81))), 1);
        assert_eq!(
            complaints(&format!("trait A {{ fn none(&self); }} {}", function(81))),
            1
        );
        assert_eq!(
            complaints(&format!("#[cfg(test)] mod tests {{ {} }}", function(81))),
            0
        );
    }

    #[test]
    fn long_files_are_seen() {
        let complaints = |text: &str| long_files(&[Source::new("src/a.rs", text)]).len();
        let blank = "\n".repeat(400);
        assert_eq!(complaints(&blank), 0);
        assert_eq!(complaints(&format!("{blank}//")), 1);
        assert_eq!(complaints(&format!("const A: [u8; 2] = [{blank}1, 2];")), 0);
        assert_eq!(
            complaints(&format!("fn f() {{ let a = [{blank}1, 2]; }}")),
            1
        );
    }

    #[test]
    fn long_texts_are_seen() {
        let complaints = |lines| long_texts(&[("a.py".to_owned(), "\n".repeat(lines))]).len();
        assert_eq!((complaints(400), complaints(401)), (0, 1));
    }

    #[test]
    fn full_folders_and_common_names_are_seen() {
        let many: Vec<String> = (0..=FOLDER_FILES)
            .map(|n| format!("src/a/{n}.rs"))
            .collect();
        assert_eq!(full_folders(&many).len(), 1);
        assert_eq!(full_folders(&many[1..]), [""; 0]);
        let named = |folders: &[&str]| -> Vec<String> {
            folders
                .iter()
                .map(|folder| format!("{folder}/x.rs"))
                .collect()
        };
        assert_eq!(common_stems(&named(&["src/a", "src/b", "src/c"])).len(), 1);
        assert_eq!(common_stems(&named(&["src/a", "src/b", "cli/c"])), [""; 0]);
    }
}
