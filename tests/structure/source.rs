//! Reads Rust files into a flat list of tokens that know their line, depth and surroundings.
//!
//! No syntax tree: the checks look for short patterns of tokens, inside macros too, where a
//! syntax tree ends.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One file.
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// As on disk.
    pub text: String,
    /// In order.
    pub tokens: Vec<Token>,
}

/// What a token is; the text of literals and comments is of no interest.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Ident(String),
    Punct(char),
    Open(Delimiter),
    Close(Delimiter),
    Literal,
}

/// One token and where it stands.
#[derive(Debug)]
pub struct Token {
    pub kind: Kind,
    /// 1 for the first.
    pub line: usize,
    /// Brackets of any kind around it; an opening and its closing have the same.
    pub depth: usize,
    /// `mod name { … }` blocks of this file around it.
    pub inline_modules: usize,
    /// Under `#[cfg(test)]` or `#[test]`, or in a file of tests.
    pub in_test: bool,
}

impl Source {
    /// `text` as if it stood in `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let stream: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let place = Place {
            depth: 0,
            inline_modules: 0,
            in_test: is_test_file(path),
        };
        let mut tokens = Vec::new();
        flatten(stream, place, &mut tokens);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens,
        }
    }

    /// The identifier at `index`, if one is there.
    pub fn ident(&self, index: usize) -> Option<&str> {
        match &self.tokens.get(index)?.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }

    /// Whether the tokens from `index` on are these characters.
    pub fn puncts(&self, index: usize, characters: &str) -> bool {
        characters.chars().enumerate().all(|(offset, character)| {
            self.tokens
                .get(index + offset)
                .is_some_and(|token| token.kind == Kind::Punct(character))
        })
    }

    /// The index of the bracket that closes the one opened at `open`.
    pub fn closing(&self, open: usize) -> usize {
        let depth = self.tokens[open].depth;
        let is_end = |token: &Token| token.depth == depth && matches!(token.kind, Kind::Close(_));
        let offset = self.tokens[open..].iter().position(is_end);
        open + offset.expect("the lexer balances brackets")
    }

    /// `path:line` of a token.
    pub fn at(&self, index: usize) -> String {
        format!("{}:{}", self.path, self.tokens[index].line)
    }
}

#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    inline_modules: usize,
    in_test: bool,
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("tests.rs")
        || path.contains("_tests/")
        || path.starts_with("tests/")
        || path.contains("/tests/")
}

fn flatten(stream: TokenStream, place: Place, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut item_is_test = false;
    for (index, tree) in trees.iter().enumerate() {
        item_is_test |= starts_test(&trees[index..]);
        let here = Place {
            in_test: place.in_test || item_is_test,
            ..place
        };
        let ends_item = match tree {
            TokenTree::Group(group) => {
                push_group(group, is_module_body(&trees[..index]), here, out);
                group.delimiter() == Delimiter::Brace
            }
            TokenTree::Punct(punct) => {
                push(
                    Kind::Punct(punct.as_char()),
                    tree.span().start().line,
                    here,
                    out,
                );
                punct.as_char() == ';'
            }
            TokenTree::Ident(ident) => {
                push(
                    Kind::Ident(ident.to_string()),
                    tree.span().start().line,
                    here,
                    out,
                );
                false
            }
            TokenTree::Literal(_) => {
                push(Kind::Literal, tree.span().start().line, here, out);
                false
            }
        };
        item_is_test &= !ends_item;
    }
}

fn push(kind: Kind, line: usize, place: Place, out: &mut Vec<Token>) {
    let Place {
        depth,
        inline_modules,
        in_test,
    } = place;
    out.push(Token {
        kind,
        line,
        depth,
        inline_modules,
        in_test,
    });
}

fn push_group(group: &Group, is_module: bool, place: Place, out: &mut Vec<Token>) {
    let inside = Place {
        depth: place.depth + 1,
        inline_modules: place.inline_modules + usize::from(is_module),
        ..place
    };
    push(
        Kind::Open(group.delimiter()),
        group.span_open().start().line,
        place,
        out,
    );
    flatten(group.stream(), inside, out);
    push(
        Kind::Close(group.delimiter()),
        group.span_close().start().line,
        place,
        out,
    );
}

/// Whether `trees` begins with `#[test]` or `#[cfg(test …)]`.
fn starts_test(trees: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = trees else {
        return false;
    };
    let text = attribute.stream().to_string().replace(' ', "");
    hash.as_char() == '#'
        && (text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test"))
}

/// Whether `before` ends with `mod name`.
fn is_module_body(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(word), TokenTree::Ident(_)] if word == "mod")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository, which must be there.
pub fn read_text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether the repository has this file or folder.
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Every `.rs` file below `folder`, sorted; none if the folder does not exist.
pub fn read_folder(folder: &str) -> Vec<Source> {
    let texts = read_texts(folder, &["rs"]).into_iter();
    texts
        .map(|(path, text)| Source::new(&path, &text))
        .collect()
}

/// Path and text of every file below `folder` with one of these extensions, sorted by path; none
/// if the folder does not exist.
pub fn read_texts(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    collect(&root().join(folder), extensions, &mut paths);
    paths.sort();
    let relative = |path: &PathBuf| {
        let relative = path.strip_prefix(root()).expect("below the root");
        let relative = relative.to_str().expect("our own file names are UTF-8");
        (relative.to_owned(), read_text(relative))
    };
    paths.iter().map(relative).collect()
}

fn collect(folder: &Path, extensions: &[&str], out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder that opens can be read").path();
        if path.is_dir() {
            collect(&path, extensions, out);
        } else if extensions
            .iter()
            .any(|&wanted| path.extension().is_some_and(|it| it == wanted))
        {
            out.push(path);
        }
    }
}

#[test]
fn tokens_know_where_they_stand() {
    let source = Source::new(
        "src/a.rs",
        "fn one() {}\n#[cfg(test)]\nmod tests {\n two!()\n}\nthree!();",
    );
    let find = |name: &str| {
        let index = (0..source.tokens.len()).find(|&index| source.ident(index) == Some(name));
        &source.tokens[index.expect("the name is in the text")]
    };
    assert!(!find("one").in_test && find("two").in_test && !find("three").in_test);
    assert_eq!(
        (
            find("two").line,
            find("two").depth,
            find("two").inline_modules
        ),
        (4, 1, 1)
    );
}
