//! The command as it is installed: without libtorch, beside programs in the place of
//! `ddrmjpeg-torch` that are missing, of another version, or at fault.
#![cfg(not(feature = "torch"))]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use tempfile::TempDir;

/// The greeting of this version, as `printf` takes it.
const GREETING: &str = concat!("ddrmjpeg\\001\\000\\000\\000\\005", env!("CARGO_PKG_VERSION"));

const TRAIN: [&str; 7] = ["train", "--pictures", ".", "--out", "o", "--steps", "1"];
const ON_CUDA: [&str; 6] = ["restore", "in.jpg", "-o", "out.png", "--device", "cuda"];

/// A folder with a picture and the command, far from where a `ddrmjpeg-torch` may have been built.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let grey = Planar8::new(PixelModel::Rgb, 32, 32, (1, 1));
    let bytes = jpeg::encode(&grey, 30, (2, 2)).unwrap();
    fs::write(folder.path().join("in.jpg"), bytes).unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_ddrmjpeg"), program(&folder)).unwrap();
    folder
}

fn program(place: &TempDir) -> PathBuf {
    place.path().join("bin/ddrmjpeg")
}

fn command(place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(program(place));
    command
        .args(arguments)
        .current_dir(place.path())
        .env_remove("DDRMJPEG_TORCH")
        .stdin(Stdio::null());
    command
}

fn run(place: &TempDir, arguments: &[&str]) -> Output {
    command(place, arguments).output().unwrap()
}

/// Puts a shell script beside the command, under the name of the program with libtorch.
fn put(place: &TempDir, script: &str) {
    let path = place.path().join("bin/ddrmjpeg-torch");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Fails, and what it says holds each of `words`.
fn assert_says(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

#[test]
fn it_restores_on_a_cpu_with_both_networks() {
    let place = place();
    for model in ["lean", "nano"] {
        let arguments = ["restore", "in.jpg", "-o", "out.png", "--overwrite"];
        let arguments = [&arguments[..], &["--device", "cpu", "--model", model]].concat();
        let output = run(&place, &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let size = image::image_dimensions(place.path().join("out.png")).unwrap();
        assert_eq!(size, (32, 32));
    }
}

#[test]
fn what_needs_libtorch_says_what_is_missing_and_how_to_get_it() {
    let place = place();
    let beside = place.path().join("bin/ddrmjpeg-torch");
    let beside = beside.display().to_string();
    let words = [beside.as_str(), "make build TORCH=1", "DDRMJPEG_TORCH"];
    for (arguments, what) in [(&TRAIN[..], "train"), (&ON_CUDA, "CUDA")] {
        let output = run(&place, arguments);
        assert_says(&output, &words);
        assert_says(&output, &[what]);
    }
    let named = command(&place, &TRAIN)
        .env("DDRMJPEG_TORCH", "/nowhere/it")
        .output();
    assert_says(&named.unwrap(), &["/nowhere/it", "DDRMJPEG_TORCH"]);
}

/// Wrong usage is found, and help is given, without the program.
#[test]
fn arguments_are_read_before_the_program_is_looked_for() {
    let place = place();
    put(&place, "echo handed over; exit 9");
    assert!(run(&place, &["train", "--help"]).status.success());
    let output = run(&place, &["train", "--no-such-flag"]);
    assert_eq!(output.status.code(), Some(2));
    assert_says(&output, &["--no-such-flag"]);
}

#[test]
fn the_command_becomes_the_program_with_the_same_arguments() {
    let place = place();
    put(&place, r#"echo "$@"; exit 7"#);
    let output = run(&place, &TRAIN);
    assert_eq!(output.status.code(), Some(7));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim_end(), TRAIN.join(" "));
}

/// A program that has no libtorch either would hand over again, for ever.
#[test]
fn a_program_without_libtorch_is_called_once() {
    let place = place();
    fs::copy(program(&place), place.path().join("bin/ddrmjpeg-torch")).unwrap();
    assert_says(&run(&place, &TRAIN), &["train", "ddrmjpeg-torch"]);
}

#[test]
fn a_program_at_fault_is_an_error() {
    let greets = format!("printf '{GREETING}'");
    let cases = [
        (
            "printf 'ddrmjpeg\\007\\000\\000\\000\\0059.8.7'; cat >/dev/null".to_owned(),
            &["9.8.7", "protocol 7", env!("CARGO_PKG_VERSION"), "protocol 1"][..],
        ),
        (
            format!("{greets}; head -c 1 >/dev/null; echo no memory left >&2; exit 3"),
            &["no memory left", "3"],
        ),
        (format!("{greets}; echo nonsense, nonsense; cat >/dev/null"), &["kind"]),
        ("echo Hello, world; cat >/dev/null".to_owned(), &["Hello, w"]),
        ("exit 0".to_owned(), &["ended"]),
    ];
    let place = place();
    for (script, words) in cases {
        put(&place, &script);
        let output = run(&place, &ON_CUDA);
        assert_says(&output, words);
        assert_says(&output, &["ddrmjpeg-torch"]);
        assert!(!place.path().join("out.png").exists(), "{script}");
    }
}

/// However the command ends, the program's input does too.
#[test]
fn the_program_ends_with_the_command() {
    let place = place();
    put(&place, &format!("printf '{GREETING}'; >begun; cat >/dev/null; >ended"));
    let mut restoring = command(&place, &ON_CUDA).spawn().unwrap();
    wait_for(&place.path().join("begun"));
    restoring.kill().unwrap();
    restoring.wait().unwrap();
    wait_for(&place.path().join("ended"));
}

fn wait_for(path: &Path) {
    let until = Instant::now() + Duration::from_secs(30);
    while !path.exists() {
        assert!(Instant::now() < until, "{} did not come", path.display());
        thread::sleep(Duration::from_millis(10));
    }
}
