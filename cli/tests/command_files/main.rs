//! The real binary around the pictures: pipes, formats, metadata, batches, messages. The prior is
//! the one that changes nothing, so that every test is quick.

mod archives;
mod avif_jxl;
mod batches;
mod depth;
mod file_managers;
mod fleet;
mod formats;
mod hostile_archives;
mod jpeg_out;
mod large;
mod messages;
mod metadata;
mod pages;
mod pipes;
mod watched;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use tempfile::TempDir;

/// The command with `line` split at blanks, in `folder`.
fn command(line: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"));
    command.args(line.split_whitespace()).current_dir(folder);
    command.stdin(Stdio::null());
    command
}

fn run(line: &str, folder: &TempDir) -> Output {
    let output = command(line, folder.path()).output();
    output.expect("the binary was built for this test")
}

/// `restore` with the prior that changes nothing.
fn restore(line: &str, folder: &TempDir) -> Output {
    run(&format!("restore --model identity {line}"), folder)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Fails with what was said unless the status is `status`.
fn ends(output: &Output, status: i32) {
    let said = errors(output);
    assert_eq!(output.status.code(), Some(status), "{said}");
}

/// Ends with `status` and has `words` on standard error.
fn says(output: &Output, status: i32, words: &[&str]) {
    ends(output, status);
    let said = errors(output);
    for words in words {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

fn scene(model: PixelModel, width: usize, height: usize) -> Planar8 {
    let mut out = Planar8::new(model, width, height, (1, 1));
    for (c, plane) in out.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            *value = (60 + 20 * c + (x * 3 + y * y / 5) % 120) as u8;
        }
    }
    out
}

/// A JPEG of 70 x 50 pixels.
fn colour(quality: u8) -> Vec<u8> {
    jpeg::encode(&scene(PixelModel::Rgb, 70, 50), quality, (2, 2)).unwrap()
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}
