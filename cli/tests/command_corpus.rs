//! Every file from decoder test suites through the real binary, in one batch each: none ends it,
//! none holds it up, and memory stays within bounds. DDRMJPEG_CORPUS names a folder with `odd/`
//! and `crash/`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A hang, not a benchmark: the slowest file, of 33 megapixels, takes 2 s on an idle machine.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest file has 33 megapixels, which are 400 MB as one picture of f32 RGB; its levels, the
/// decoded and the restored picture, and what is made of them are there at once.
const MOST_KB: u64 = 3 << 20;

/// What became of a batch.
struct Batch {
    done: usize,
    failed: usize,
    status: Option<i32>,
    slowest: Duration,
    peak_kb: u64,
}

fn restore_all(kind: &str) -> Batch {
    let root = std::env::var_os("DDRMJPEG_CORPUS").expect("DDRMJPEG_CORPUS names the corpus");
    let folder = PathBuf::from(root).join(kind);
    let out = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
        .args(["restore", "--model", "identity", "--json", "-o"])
        .args([out.path(), &folder])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut batch = Batch {
        done: 0,
        failed: 0,
        status: None,
        slowest: Duration::ZERO,
        peak_kb: 0,
    };
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut begun = Instant::now();
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        match line["status"].as_str() {
            Some("done") => batch.done += 1,
            Some("failed") => batch.failed += 1,
            other => panic!("{other:?}: {line}"),
        }
        let took = begun.elapsed();
        assert!(took < LONGEST, "{took:?}: {line}");
        batch.slowest = batch.slowest.max(took);
        batch.peak_kb = batch.peak_kb.max(peak_kb(child.id()).unwrap_or(0));
        begun = Instant::now();
    }
    batch.status = child.wait().unwrap().code();
    println!(
        "{kind}: {} done, {} failed, the slowest in {:?}, peak {} KB",
        batch.done, batch.failed, batch.slowest, batch.peak_kb
    );
    batch
}

/// The most memory that a process has had so far; none once it has ended.
fn peak_kb(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_of_odd_files_by_the_command() {
    let batch = restore_all("odd");
    // A PNG in disguise, and a header alone: tests/corpus.rs has their messages.
    assert!(batch.done > 100 && batch.failed == 2);
    assert_eq!(batch.status, Some(1));
    assert!(batch.peak_kb < MOST_KB, "{} KB", batch.peak_kb);
}

#[test]
#[ignore = "needs DDRMJPEG_CORPUS"]
fn corpus_of_crashers_by_the_command() {
    let batch = restore_all("crash");
    assert!(batch.failed > 0 && batch.done > 0);
    // An abort or a signal would be another status, or none.
    assert_eq!(batch.status, Some(1));
    assert!(batch.peak_kb < MOST_KB, "{} KB", batch.peak_kb);
}
