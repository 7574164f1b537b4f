//! What a command line asks for, and its parts.

use super::*;
use std::fs;

fn into(path: &Path) -> Output<'_> {
    Output {
        path,
        tables: false,
        quality: false,
        format: None,
        resume: false,
        overwrite: false,
    }
}

fn typed(typed: &[PathBuf]) -> Inputs<'_> {
    Inputs {
        typed,
        listed: &[],
        shard: None,
    }
}

fn planned(inputs: &[PathBuf], output: &str) -> Result<Vec<String>> {
    let batch = plan(typed(inputs), into(Path::new(output)), JPEG)?;
    Ok(batch.jobs.iter().map(|job| job.target.name()).collect())
}

fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }
    folder
}

/// The neighbour counts even if it is not an input of this batch.
#[test]
fn neighbours_of_one_stem_keep_their_whole_names() {
    let files = folder(&["a.jpg", "a.JPEG", "b.jpg", "b.txt"]);
    let names = planned(&[files.path().to_owned()], "out").unwrap();
    assert_eq!(names, ["out/a.JPEG.png", "out/a.jpg.png", "out/b.png"]);
    let alone = planned(&[files.path().join("a.jpg")], "out/").unwrap();
    assert_eq!(alone, ["out/a.jpg.png"]);
}

#[test]
fn two_inputs_of_one_result_are_refused_and_one_input_twice_is_one() {
    let refused = planned(&["x/a.jpg", "y/a.jpg"].map(PathBuf::from), "out");
    let said = refused.unwrap_err().to_string();
    for words in ["x/a.jpg", "y/a.jpg", "out/a.png"] {
        assert!(said.contains(words), "{said}");
    }
    let once = planned(&["x/a.jpg", "x/a.jpg"].map(PathBuf::from), "out").unwrap();
    assert_eq!(once, ["out/a.png"]);
}

#[test]
fn listed_files_keep_their_folders() {
    let listed = ["x/a.jpg", "/y/a.jpg", "./a.jpg"].map(PathBuf::from);
    let inputs = Inputs {
        listed: &listed,
        ..typed(&[])
    };
    let batch = plan(inputs, into(Path::new("out")), JPEG).unwrap();
    let names: Vec<_> = batch.jobs.iter().map(|job| job.target.name()).collect();
    assert_eq!(names, ["out/x/a.png", "out/y/a.png", "out/a.png"]);
}

#[test]
fn the_parts_of_a_batch_are_its_jobs_once_each() {
    let files = folder(&["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "sub/a.jpg"]);
    let inputs = [files.path().to_owned()];
    let of = |shard| {
        let inputs = Inputs {
            shard,
            ..typed(&inputs)
        };
        plan(inputs, into(Path::new("out")), JPEG).unwrap().jobs
    };
    let name = |job: &Job| job.target.name();
    let mut parts = Vec::new();
    for part in ["1/3", "2/3", "3/3"] {
        parts.extend(of(Some(part.parse().unwrap())).iter().map(name));
    }
    parts.sort();
    let mut all: Vec<_> = of(None).iter().map(name).collect();
    all.sort();
    assert_eq!(parts, all);
}

#[test]
fn a_folder_keeps_its_structure() {
    let files = folder(&["b.JPG", "sub/a.jpeg", "notes.txt"]);
    let names = planned(&[files.path().to_owned()], "out").unwrap();
    assert_eq!(names, ["out/b.png", "out/sub/a.png"]);
}

#[test]
fn an_extension_that_cannot_be_written_is_refused() {
    let refused = planned(&[PathBuf::from("a.jpg")], "a.gif");
    let message = refused.unwrap_err().to_string();
    assert!(
        message.contains("a.gif") && message.contains("png"),
        "{message}"
    );
}
