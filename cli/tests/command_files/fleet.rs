//! Batches that several machines share, lists of inputs, and batches that were killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::archives::archive;
use crate::{colour, command, ends, errors, folder, restore, run, said, says};

/// The files below `folder` by their names, with their bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        match path.is_dir() {
            true => found.extend(
                contents(&path)
                    .into_iter()
                    .map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            ),
            false => drop(found.insert(name, fs::read(&path).unwrap())),
        }
    }
    found
}

/// A folder `in` with `count` different pictures.
fn pictures(count: usize) -> TempDir {
    let files = folder(&[]);
    fs::create_dir(files.path().join("in")).unwrap();
    for n in 0..count {
        let quality = 20 + (n % 60) as u8;
        fs::write(files.path().join(format!("in/{n:03}.jpg")), colour(quality)).unwrap();
    }
    files
}

#[test]
fn a_list_is_read_from_a_file_and_from_standard_input() {
    let files = folder(&[
        ("x/a.jpg", &colour(30)),
        ("y/a.jpg", &colour(40)),
        ("list", b"x/a.jpg\ny/a.jpg\n"),
    ]);
    ends(&restore("--files-from list -o out", &files), 0);
    let named: Vec<_> = contents(&files.path().join("out")).into_keys().collect();
    assert_eq!(named, ["x/a.png", "y/a.png"]);
    let mut piped = command(
        "restore --model identity --files-from - -o piped",
        files.path(),
    );
    let mut piped = piped.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = piped.stdin.take().unwrap();
    stdin.write_all(b"x/a.jpg\0y/a.jpg\0").unwrap();
    drop(stdin);
    assert!(piped.wait().unwrap().success());
    let [out, piped] = ["out", "piped"].map(|name| contents(&files.path().join(name)));
    assert_eq!(out, piped);
}

#[test]
fn what_is_wrong_with_a_list_is_named() {
    let files = folder(&[
        ("a.jpg", &colour(30)),
        ("up", b"../a.jpg\n"),
        ("gone", b"b.jpg\n"),
    ]);
    let output = restore("--files-from up -o out", &files);
    says(&output, 2, &["--files-from up", "../a.jpg"]);
    let output = restore("--files-from none -o out", &files);
    says(&output, 2, &["--files-from none", "No such file"]);
    let output = restore("--files-from gone -o out", &files);
    says(&output, 1, &["b.jpg", "1 of 1 inputs failed"]);
    says(&restore("-o out", &files), 2, &["IN"]);
    let output = restore("a.jpg --shard 4/3 -o out", &files);
    says(&output, 2, &["4/3", "I from 1 to N"]);
}

#[test]
fn machines_that_share_a_batch_do_all_of_it_once() {
    let files = pictures(40);
    ends(&restore("in -o whole", &files), 0);
    let mut counts = Vec::new();
    for part in 1..=3 {
        let output = restore(&format!("in -o shared --shard {part}/3 --json"), &files);
        ends(&output, 0);
        counts.push(said(&output).lines().count());
    }
    assert_eq!(counts.iter().sum::<usize>(), 40, "{counts:?}");
    let [whole, shared] = ["whole", "shared"].map(|name| contents(&files.path().join(name)));
    assert_eq!(whole, shared);
}

/// Runs `line`, which writes to `out`, and kills it each time that there are so many files.
fn killed_at(goals: [usize; 3], line: &str, files: &TempDir) {
    let done = || fs::read_dir(files.path().join("out")).map_or(0, Iterator::count);
    for goal in goals {
        let mut line = command(line, files.path());
        let mut running = line.spawn().unwrap();
        let begun = Instant::now();
        while done() < goal && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(done() >= goal);
    }
}

/// Finishes what was killed, and compares it with `whole`.
fn resumed_is_whole(line: &str, files: &TempDir, count: usize) {
    let output = run(line, files);
    ends(&output, 0);
    assert!(
        errors(&output).contains("inputs left out"),
        "{}",
        errors(&output)
    );
    let whole = contents(&files.path().join("whole"));
    let mut resumed = contents(&files.path().join("out"));
    // What was being written when it was killed has a name of its own.
    resumed.retain(|name, _| !name.starts_with('.'));
    assert_eq!(resumed.len(), count);
    assert!(whole == resumed);
}

/// Killed wherever it happens to be, three times.
#[test]
fn a_batch_that_is_killed_and_resumed_is_as_one_that_was_not() {
    let files = pictures(300);
    ends(&restore("in -o whole", &files), 0);
    let line = "restore --model identity in -o out --resume";
    killed_at([1, 60, 150], line, &files);
    resumed_is_whole(line, &files, 300);
}

#[test]
fn so_are_archives_that_are_killed_and_resumed() {
    let files = folder(&[]);
    fs::create_dir(files.path().join("in")).unwrap();
    for n in 0..30 {
        let pictures: Vec<_> = (0..10).map(|k| colour(20 + n + k)).collect();
        let names: Vec<_> = (0..10).map(|k| format!("{k}.jpg")).collect();
        let members = names.iter().map(String::as_str);
        let members: Vec<_> = members.zip(pictures.iter().map(Vec::as_slice)).collect();
        fs::write(
            files.path().join(format!("in/{n:02}.tar")),
            archive(&members),
        )
        .unwrap();
    }
    ends(&restore("--tar in -o whole", &files), 0);
    let line = "restore --model identity --tar in -o out --resume";
    killed_at([1, 8, 20], line, &files);
    resumed_is_whole(line, &files, 30);
}
