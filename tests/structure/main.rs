//! Checks the tree against ARCHITECTURE.md and CONTRIBUTING.md: which module may import which, what
//! may be named where, how long things may be, and that ARCHITECTURE.md is up to date.
//!
//! Each check is a function from sources to complaints, and is tested on a small source that
//! breaks it, so that a check that finds nothing is known to have looked. It reads files and
//! needs no libtorch.

mod documents;
mod layering;
mod manners;
mod pictures;
mod size;
mod source;

use source::Source;

/// Every `.rs` file of the library and of all packages around it.
fn code() -> Vec<Source> {
    let folders = [
        "src",
        "capi/src",
        "cli/src",
        "lab/src",
        "plugin/src",
        "python/src",
    ];
    let sources: Vec<Source> = folders.into_iter().flat_map(source::read_folder).collect();
    assert!(
        sources.len() > 10,
        "too few sources read: {}",
        sources.len()
    );
    sources
}

/// As [`code`], with tests, examples and benches.
fn all_rust() -> Vec<Source> {
    let mut sources = code();
    for folder in [
        "tests",
        "examples",
        "capi/tests",
        "cli/tests",
        "lab/tests",
        "lab/examples",
        "lab/benches",
        "plugin/tests",
        "plugin/examples",
    ] {
        sources.extend(source::read_folder(folder));
    }
    sources
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

#[test]
fn imports_point_one_way() {
    assert_none(layering::wrong_edges(&code()));
}

#[test]
fn faces_use_the_public_interface_only() {
    assert_none(layering::private_doors(&code()));
}

#[test]
fn core_names_no_face_and_prints_nothing() {
    assert_none(manners::foreign_names(&code()));
    assert_none(manners::printing(&code()));
}

#[test]
fn no_glob_imports() {
    assert_none(manners::glob_imports(&code()));
}

#[test]
fn every_module_says_what_it_is() {
    assert_none(manners::missing_headers(&all_rust()));
}

#[test]
fn files_of_the_faces_in_c_and_python_say_what_they_are_and_are_short() {
    let mut texts = source::read_texts("python", &["py"]);
    texts.extend(source::read_texts("capi", &["c"]));
    assert!(texts.len() > 5, "too few files read: {}", texts.len());
    assert_none(manners::missing_openings(&texts));
    assert_none(size::long_texts(&texts));
}

#[test]
fn functions_and_files_are_short() {
    assert_none(size::long_functions(&code()));
    assert_none(size::long_files(&all_rust()));
}

#[test]
fn architecture_names_every_folder() {
    let text = source::read_text("ARCHITECTURE.md");
    let paths: Vec<String> = code().into_iter().map(|source| source.path).collect();
    assert_none(documents::unlisted_folders(&text, &paths));
    assert_none(documents::dangling_paths(&text, &source::exists));
}

#[test]
fn folders_are_small_and_names_tell_apart() {
    let paths: Vec<String> = code().into_iter().map(|source| source.path).collect();
    assert_none(size::full_folders(&paths));
    assert_none(size::common_stems(&paths));
}

#[test]
fn every_picture_has_a_source_and_a_licence() {
    assert_none(pictures::faults(&source::read_text("models/pictures.tsv")));
}

#[test]
fn every_dependency_has_a_reason() {
    let text = source::read_text("CONTRIBUTING.md");
    let mut names = Vec::new();
    for manifest in ["", "capi/", "cli/", "lab/", "plugin/", "python/"] {
        let text = source::read_text(&format!("{manifest}Cargo.toml"));
        names.extend(documents::dependencies(&text));
    }
    assert!(names.len() > 10, "too few dependencies read: {names:?}");
    assert_none(documents::unexplained_dependencies(&text, &names));
}

#[test]
fn only_documents_of_the_repository_are_named() {
    let mut texts: Vec<(String, String)> = all_rust()
        .into_iter()
        .map(|source| (source.path, source.text))
        .collect();
    for folder in [
        "src",
        "docs",
        "scripts",
        "examples",
        "models",
        "fuzz/fuzz_targets",
        "capi",
        "python",
    ] {
        texts.extend(source::read_texts(
            folder,
            &["md", "c", "cc", "h", "py", "sh"],
        ));
    }
    for page in ["README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG"] {
        let path = format!("{page}.md");
        texts.push((path.clone(), source::read_text(&path)));
    }
    let complaints = texts
        .iter()
        .flat_map(|(path, text)| documents::absent_documents(path, text));
    assert_none(complaints.collect());
}
