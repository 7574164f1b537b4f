//! ARCHITECTURE.md against the tree: one row per folder, one line per dependency. And names of
//! documents that a reader of the repository does not have.
//!
//! The line of a dependency is a list item that opens with the name in backticks and a colon, and
//! goes on with what it is for: "- `half`: numbers of 16 bits".

use std::collections::BTreeSet;

/// The name and the text of every such line.
fn entries(text: &str) -> Vec<(&str, &str)> {
    let items = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- `"));
    items.filter_map(|item| item.split_once("`: ")).collect()
}

/// Folders of these files without a row of their own, or with several; those of tests aside, which
/// lie in the folder of what they try. A row of a table opens with the folder's name in backticks, a
/// slash at its end.
pub fn unlisted_folders(text: &str, paths: &[String]) -> Vec<String> {
    let folders: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder))
        .filter(|folder| !folder.ends_with("tests"))
        .collect();
    let mut found = Vec::new();
    for folder in folders {
        let opening = format!("| `{folder}/` |");
        let rows: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix(&opening))
            .collect();
        match rows[..] {
            [what] if what.trim().len() >= 10 => {}
            [_] => found.push(format!(
                "ARCHITECTURE.md: the row of {folder}/ says nothing"
            )),
            _ => found.push(format!(
                "ARCHITECTURE.md: {folder}/ has {} rows, 1 wanted",
                rows.len()
            )),
        }
    }
    found
}

/// Files and folders in backticks, anywhere in the text, that are not there.
pub fn dangling_paths(text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |name: &&str| name.ends_with('/') || name.ends_with(".rs") && name.contains('/');
    let dangling = quoted.filter(is_path).filter(|path| !exists(path));
    dangling
        .map(|path| format!("ARCHITECTURE.md: {path} does not exist"))
        .collect()
}

/// The crates that a Cargo.toml depends on, in every dependency section.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = section.ends_with("dependencies");
            names.extend(
                section
                    .split_once("dependencies.")
                    .map(|(_, name)| name.to_owned()),
            );
        } else if inside && !line.starts_with('#') {
            names.extend(
                line.split_once('=')
                    .map(|(key, value)| crate_name(key.trim(), value)),
            );
        }
    }
    names
}

/// The crate's own name, also where the manifest gives it another.
fn crate_name(key: &str, value: &str) -> String {
    let renamed = value
        .split_once("package = \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let name = renamed.map_or(key, |(name, _)| name);
    name.split('.').next().unwrap_or(name).to_owned()
}

/// Dependencies without a line, and lines for crates that nothing depends on.
pub fn unexplained_dependencies(text: &str, names: &[String]) -> Vec<String> {
    let section = text
        .split_once("\n## Dependencies")
        .map_or("", |(_, rest)| rest);
    let section = section
        .split_once("\n## ")
        .map_or(section, |(this, _)| this);
    let explained: Vec<&str> = entries(section).iter().map(|(name, _)| *name).collect();
    let missing = names
        .iter()
        .filter(|name| !explained.contains(&name.as_str()));
    let stale = explained
        .iter()
        .filter(|name| !names.iter().any(|known| known == *name));
    let missing =
        missing.map(|name| format!("CONTRIBUTING.md: no reason given for the dependency {name}"));
    missing
        .chain(stale.map(|name| format!("CONTRIBUTING.md: {name} is no dependency")))
        .collect()
}

/// Documents that are not in the repository. The path stands for everything below it.
const ABSENT_DOCUMENTS: [&str; 6] = ["FACTS", "DESIGN", "STYLE", "STATUS", "HELPERS", "../shared"];

/// Lines that name one of [`ABSENT_DOCUMENTS`], or an issue by its number. Only the comments of
/// Rust files are searched, because code may use such names.
pub fn absent_documents(path: &str, text: &str) -> Vec<String> {
    let comment = |line| str::find(line, "//").map_or("", |start| &line[start..]);
    let prose = |line| match path.ends_with(".rs") {
        true => comment(line),
        false => line,
    };
    let lines = text.lines().enumerate();
    let names = lines.filter_map(|(index, line)| Some((index + 1, absent_name(prose(line))?)));
    names
        .map(|(line, name)| format!("{path}:{line}: {name} is not in the repository"))
        .collect()
}

/// The first such name in `line`.
fn absent_name(line: &str) -> Option<String> {
    let part_of_word = |c: char| c.is_alphanumeric() || "._-/#".contains(c);
    let words: Vec<&str> = line
        .split(|c| !part_of_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches('.'))
        .collect();
    let is_absent = |word: &&&str| {
        let stem = word.strip_suffix(".md").unwrap_or(word);
        let below = |name: &str| {
            stem.strip_prefix(name)
                .is_some_and(|it| it.starts_with('/'))
        };
        ABSENT_DOCUMENTS
            .iter()
            .any(|name| *name == stem || below(name))
    };
    let number = |word: &str| word.trim_start_matches('#').parse::<u32>().is_ok();
    let mut pairs = words.windows(2);
    let issue = pairs.find(|pair| pair[0].eq_ignore_ascii_case("issue") && number(pair[1]));
    let document = words.iter().find(is_absent).map(|word| (*word).to_owned());
    document.or_else(|| issue.map(|pair| pair.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
| `src/a/` | what it is for |\n| `src/b/` | x |\n| `src/c/` | said here once |\n| `src/c/` | and here again |\n
see `src/gone.rs`, `gone/` and `mod.rs`\n\n## Dependencies\n- `one`: because of this\n- `old`: once needed\n## After\n- `two`: not here";

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn folders_without_one_full_row_are_seen() {
        let complaints = |path: &str| unlisted_folders(TEXT, &owned(&[path])).len();
        assert_eq!(
            ["src/a/1.rs", "src/b/1.rs", "src/c/1.rs", "src/d/1.rs"].map(complaints),
            [0, 1, 1, 1]
        );
    }

    #[test]
    fn paths_that_lead_nowhere_are_seen() {
        let complaints = dangling_paths(TEXT, &|path| !path.contains("gone"));
        let named = |path: &str| format!("ARCHITECTURE.md: {path} does not exist");
        assert_eq!(complaints, ["src/gone.rs", "gone/"].map(named));
    }

    #[test]
    fn every_section_of_a_manifest_is_read() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# a = 1\none = \"1\"\ngst = { package = \"gstreamer\" }\n\
            [target.'cfg(unix)'.dev-dependencies]\ntwo.workspace = true\n[build-dependencies.three]\nversion = \"1\"\n";
        assert_eq!(dependencies(manifest), ["one", "gstreamer", "two", "three"]);
    }

    #[test]
    fn dependencies_without_a_reason_are_seen() {
        let complaints = unexplained_dependencies(TEXT, &owned(&["one", "two"]));
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].ends_with("two") && complaints[1].contains("old is no"));
    }

    #[test]
    fn names_of_absent_documents_are_seen() {
        let complaints = |path: &str, line: &str| absent_documents(path, line).len();
        for name in ABSENT_DOCUMENTS {
            assert_eq!(complaints("src/a.rs", &format!("f(); // as in {name}.")), 1);
            assert_eq!(complaints("README.md", &format!("See `{name}.md`, 3.")), 1);
            assert_eq!(complaints("src/a.rs", &format!("const {name}: u8 = 1;")), 0);
            assert_eq!(complaints("README.md", &format!("{name}ED")), 0);
        }
        assert_eq!(complaints("README.md", "cat ../shared/a/list.txt"), 1);
        assert_eq!(complaints("a.rs", &["/", "/ since issue #7"].concat()), 1);
        assert_eq!(complaints("CHANGELOG.md", "Fixed: issue 7."), 1);
        assert_eq!(
            complaints("CHANGELOG.md", "an issue of 7 files, a shared folder"),
            0
        );
    }
}
