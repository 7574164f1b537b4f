//! Programs in the place of `ddrmjpeg-torch` that are none: each an error that says what they did,
//! and none that makes the command hang or takes it down.

use std::time::{Duration, Instant};

use crate::work::{PUBLISHED, Work};

/// Far less than the command waits for a program that says nothing.
const SOON: Duration = Duration::from_secs(30);

/// A shell command that greets as the real program of this version does, in `protocol`.
fn greeting(protocol: u8) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let length = version.len();
    format!(r"printf 'ddrmjpeg\{protocol:03o}\000\000\000\{length:03o}{version}'")
}

#[track_caller]
fn refused(script: &str, parts: &[&str]) {
    let work = Work::new().with_network().with_script(script);
    let begun = Instant::now();
    let ran = work.run(PUBLISHED).ends(2);
    assert!(begun.elapsed() < SOON, "{script}");
    ran.says("torch.sh");
    for part in parts {
        ran.says(part);
    }
}

#[test]
fn another_version_is_named_with_ours() {
    let version = env!("CARGO_PKG_VERSION");
    let ours = format!("{version}, protocol 1");
    refused(&greeting(9), &["protocol 9", &ours]);
    let other = r"printf 'ddrmjpeg\001\000\000\000\0059.8.7'; exec sleep 60";
    refused(other, &["version 9.8.7, protocol 1", &ours]);
}

#[test]
fn garbage_is_quoted() {
    refused("echo Hello, I am no network; exec sleep 60", &["Hello, I"]);
    let garbage = format!("{}; head -c 1000 /dev/zero | tr '\\0' '\\7'", greeting(1));
    refused(&garbage, &["kind 7"]);
}

#[test]
fn what_dies_leaves_its_last_words() {
    refused(
        "echo out of memory >&2; exit 3",
        &["it has ended", "exit status: 3", "out of memory"],
    );
    let later = format!("{}; echo broken >&2; kill -SEGV $$", greeting(1));
    refused(&later, &["it has ended", "signal: 11", "broken"]);
    // What was said last is lost where the program leaves something unread.
    let cut = format!(r"{}; printf '\020\000\000'", greeting(1));
    refused(&cut, &["it has ended"]);
}

/// The lengths are of a message that no memory holds.
#[test]
fn lengths_are_bounded() {
    let huge = r"printf '\020\000\000\000\000\000\000\000\000\377\377\377\377\377\377\377\177'";
    refused(
        &format!("{}; {huge}; exec sleep 60", greeting(1)),
        &["a message of", "at most"],
    );
}

#[test]
fn what_cannot_be_started_is_named() {
    let work = Work::new().with_network();
    let text = work.path("mine.yml");
    let ran = work.with_torch(text).run(PUBLISHED).ends(2);
    ran.says("mine.yml");
    ran.says("ermission");
}

/// Two programs without libtorch do not call each other for ever.
#[test]
fn the_command_itself_is_no_substitute() {
    let work = Work::new().with_network();
    let work = work.with_torch(env!("CARGO_BIN_EXE_ddrmjpeg").into());
    work.run(PUBLISHED).ends(2).says("it has ended");
    let train = ["train", "--pictures", ".", "--out", "out"];
    work.run(&train).ends(2).says("has none");
    work.run(&["model", "info", "nano"]).ends(0);
}
