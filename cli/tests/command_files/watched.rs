//! `watch`: files that come, in whatever way, and what happens when it is stopped.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{colour, command, folder, run, says};

/// Longest wait for what takes seconds at most.
const PATIENCE: Duration = Duration::from_secs(60);

struct Watching(Child);

impl Watching {
    fn begin(line: &str, files: &TempDir) -> Self {
        let line = format!("watch --model identity {line}");
        let mut command = command(&line, files.path());
        Self(command.stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Stops it as a service manager does; returns its status.
    fn stop(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // Fails if it has ended, as it should have.
        let _ = self.0.kill();
    }
}

fn wait_for(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_file(folder: &TempDir, name: &str) {
    wait_for(name, || folder.path().join(name).exists());
}

#[test]
fn files_that_are_there_written_moved_or_in_a_new_folder_are_restored() {
    let files = folder(&[
        ("in/there.jpg", &colour(30)),
        ("in/note.txt", b"no picture"),
    ]);
    let path = |name: &str| files.path().join(name);
    let watching = Watching::begin("in out", &files);
    wait_for_file(&files, "out/there.png");
    fs::write(path("in/written.jpg"), colour(40)).unwrap();
    wait_for_file(&files, "out/written.png");
    fs::write(path("part"), colour(50)).unwrap();
    fs::rename(path("part"), path("in/moved.jpg")).unwrap();
    wait_for_file(&files, "out/moved.png");
    fs::create_dir(path("day")).unwrap();
    fs::write(path("day/a.jpg"), colour(60)).unwrap();
    fs::rename(path("day"), path("in/day")).unwrap();
    wait_for_file(&files, "out/day/a.png");
    fs::write(path("in/day/b.jpg"), colour(70)).unwrap();
    wait_for_file(&files, "out/day/b.png");
    assert_eq!(watching.stop(), Some(0));
    assert_eq!(fs::read_dir(path("out")).unwrap().count(), 4);
}

/// A camera writes `now.jpg` again and again; a bad file stops nothing.
#[test]
fn a_file_that_is_written_again_is_restored_again_and_a_bad_one_is_a_message() {
    let files = folder(&[("in/x", b"")]);
    let path = |name: &str| files.path().join(name);
    let watching = Watching::begin("in in/restored", &files);
    fs::write(path("in/bad.jpg"), b"no JPEG").unwrap();
    fs::write(path("in/now.jpg"), colour(20)).unwrap();
    wait_for_file(&files, "in/restored/now.png");
    let first = fs::read(path("in/restored/now.png")).unwrap();
    fs::write(path("in/now.jpg"), colour(90)).unwrap();
    let newer = || fs::read(path("in/restored/now.png")).unwrap() != first;
    wait_for("the newer picture", newer);
    assert!(!path("in/restored/bad.png").exists());
    assert_eq!(watching.stop(), Some(0));
}

#[test]
fn what_came_while_it_was_stopped_is_restored_and_nothing_twice() {
    let files = folder(&[("in/a.jpg", &colour(30))]);
    let path = |name: &str| files.path().join(name);
    let watching = Watching::begin("in out", &files);
    wait_for_file(&files, "out/a.png");
    assert_eq!(watching.stop(), Some(0));
    let made = |name: &str| fs::metadata(path(name)).unwrap().modified().unwrap();
    let before = made("out/a.png");
    fs::write(path("in/b.jpg"), colour(40)).unwrap();
    let watching = Watching::begin("in out --poll 1", &files);
    wait_for_file(&files, "out/b.png");
    fs::write(path("in/c.jpg"), colour(50)).unwrap();
    wait_for_file(&files, "out/c.png");
    assert_eq!(watching.stop(), Some(0));
    assert_eq!(made("out/a.png"), before);
}

#[test]
fn what_is_no_folder_is_named() {
    let files = folder(&[("a.jpg", &colour(30))]);
    says(
        &run("watch a.jpg out", &files),
        2,
        &["IN = a.jpg", "not a folder"],
    );
    says(&run("watch . a.jpg", &files), 2, &["a.jpg"]);
    says(&run("watch . out --poll 0", &files), 2, &["--poll", "0"]);
    assert!(Path::new(files.path()).join("a.jpg").is_file());
}
