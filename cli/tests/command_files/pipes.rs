//! Readers that have seen enough, and disks that are full.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;

use crate::{colour, command, errors, folder};

const SIGPIPE: i32 = 13;

/// The reader is gone before the first byte, so that no run is a lucky one.
#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    let files = folder(&[("a.jpg", &colour(30))]);
    let lines = [
        "inspect a.jpg",
        "inspect --json a.jpg",
        "compare a.jpg a.jpg",
        "model list",
        "model list --json",
        "restore --model identity a.jpg -o -",
        "restore --model identity --json a.jpg -o a.png",
        "eval --help",
    ];
    for line in lines {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = command(line, files.path()).stdout(writer).output().unwrap();
        let quiet = output.status.signal() == Some(SIGPIPE) || output.status.success();
        assert!(quiet, "{line}: {:?}: {}", output.status, errors(&output));
        assert_eq!(errors(&output), "", "{line}");
    }
}

#[test]
fn a_closed_standard_error_does_no_harm_either() {
    let files = folder(&[("a.jpg", b"this is no picture")]);
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = command("inspect a.jpg", files.path())
        .stderr(writer)
        .output();
    assert_eq!(output.unwrap().status.signal(), Some(SIGPIPE));
}

#[test]
fn a_full_disk_is_a_message() {
    let files = folder(&[("a.jpg", &colour(30))]);
    for line in ["inspect a.jpg", "restore --model identity a.jpg -o -"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(line, files.path()).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        let said = errors(&output);
        assert!(said.contains("No space left"), "{line}: {said}");
        assert!(!said.contains("panicked"), "{line}: {said}");
    }
}
