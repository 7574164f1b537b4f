//! Batches: names, what is there already, and folders of every kind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::{colour, ends, errors, folder, restore, run, said, says};

fn has(folder: &Path, names: &[&str]) {
    for name in names {
        assert!(folder.join(name).exists(), "no {name}");
    }
}

#[test]
fn two_files_of_one_stem_are_both_restored_whatever_was_there_before() {
    let files = folder(&[("in/a.jpg", &colour(30)), ("in/a.jpeg", &colour(40))]);
    let out = files.path().join("out");
    ends(&restore("in/a.jpg -o out/", &files), 0);
    ends(&restore("in -o out --resume", &files), 0);
    has(&out, &["a.jpg.png", "a.jpeg.png"]);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
    let twin = folder(&[("x/a.jpg", &colour(30)), ("y/a.jpg", &colour(40))]);
    let output = restore("x/a.jpg y/a.jpg -o out", &twin);
    says(&output, 2, &["x/a.jpg", "y/a.jpg", "out/a.png"]);
}

#[test]
fn what_is_in_a_folder_is_written_over_only_on_request() {
    let files = folder(&[("in/a.jpg", &colour(30)), ("in/a.png", b"mine")]);
    let mine = || fs::read(files.path().join("in/a.png")).unwrap() == b"mine";
    let output = restore("in -o in", &files);
    says(&output, 2, &["in/a.png", "--overwrite", "--resume"]);
    assert!(mine());
    let output = restore("in -o in --resume", &files);
    says(&output, 0, &["1 of 1 inputs left out"]);
    assert!(mine());
    ends(&restore("in -o in --overwrite", &files), 0);
    assert!(!mine());
}

#[test]
fn an_input_is_not_its_own_output_by_accident() {
    let before = colour(30);
    let files = folder(&[("a.jpg", &before)]);
    for line in [
        "a.jpg -o a.jpg",
        "a.jpg -o ./a.jpg",
        "a.jpg -o . --out-quality auto",
    ] {
        let output = restore(line, &files);
        says(&output, 2, &["would replace its input"]);
        assert_eq!(fs::read(files.path().join("a.jpg")).unwrap(), before);
    }
    ends(&restore("a.jpg -o a.jpg --overwrite", &files), 0);
}

#[test]
fn an_empty_folder_is_a_message() {
    let files = folder(&[("in/a.jpg", &colour(30))]);
    fs::create_dir(files.path().join("empty")).unwrap();
    let output = restore("empty in -o out", &files);
    says(&output, 1, &["empty: no jpg files", "1 of 2 inputs failed"]);
    has(&files.path().join("out"), &["a.png"]);
    says(
        &restore("empty -o out", &files),
        2,
        &["empty: no jpg files"],
    );
}

#[test]
fn companions_of_macos_are_left_out_with_a_note() {
    let companion = b"\0\x05\x16\x07\0\x02\0\0Mac OS X";
    let files = folder(&[
        ("in/a.jpg", &colour(30)),
        ("in/._a.jpg", companion),
        ("in/._b.jpg", &colour(30)),
    ]);
    let output = restore("in -o out", &files);
    says(&output, 0, &["in: 1 file ._* left out"]);
    // A picture of that name is a picture.
    has(&files.path().join("out"), &["a.png", "._b.png"]);
    let output = restore("in/a.jpg in/._a.jpg -o given", &files);
    says(&output, 0, &["in/._a.jpg: 1 file ._* left out"]);
}

#[test]
fn linked_folders_are_followed_and_loops_are_not() {
    let files = folder(&[("in/a.jpg", &colour(30)), ("other/b.jpg", &colour(30))]);
    let path = |name: &str| files.path().join(name);
    symlink(path("other"), path("in/linked")).unwrap();
    symlink(path("in"), path("in/loop")).unwrap();
    symlink(path("nowhere"), path("in/notes.txt")).unwrap();
    let output = restore("in -o out", &files);
    says(&output, 0, &["in/loop: left out: a link back to in"]);
    has(&path("out"), &["a.png", "linked/b.png"]);
    symlink(path("nowhere"), path("in/lost.jpg")).unwrap();
    let output = restore("in -o again", &files);
    says(
        &output,
        1,
        &["in/lost.jpg: No such file", "1 of 3 inputs failed"],
    );
    has(&path("again"), &["a.png", "linked/b.png"]);
}

#[test]
fn results_inside_the_input_folder_are_no_inputs() {
    let files = folder(&[("in/a.jpg", &colour(30))]);
    for flag in ["", "--overwrite"] {
        ends(
            &restore(&format!("in -o in/out --out-quality 80 {flag}"), &files),
            0,
        );
    }
    let names = fs::read_dir(files.path().join("in/out")).unwrap();
    assert_eq!(names.count(), 1);
}

#[test]
fn compare_names_what_does_not_compare_and_goes_on() {
    let small = ddrmjpeg::jpeg::encode(
        &crate::scene(ddrmjpeg::frame::PixelModel::Rgb, 30, 20),
        50,
        (1, 1),
    );
    let files = folder(&[("a.jpg", &colour(90)), ("small.jpg", &small.unwrap())]);
    let output = run("compare a.jpg small.jpg missing.jpg a.jpg", &files);
    says(
        &output,
        1,
        &["small.jpg", "70 x 50", "30 x 20", "missing.jpg"],
    );
    assert_eq!(said(&output), "inf dB  a.jpg\n", "{}", errors(&output));
}

#[test]
fn compare_of_folders_says_how_many_it_is_of() {
    let files = folder(&[("in/a.jpg", &colour(30)), ("in/b.jpg", &colour(30))]);
    ends(&restore("in -o one", &files), 0);
    ends(&restore("in/a.jpg -o two/", &files), 0);
    let output = run("compare one two", &files);
    says(&output, 1, &["two/b.png"]);
    assert_eq!(said(&output), "inf dB  two (1 of 2 pictures)\n");
}
