//! With the real program, which the environment variable DDRMJPEG_TORCH names.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::work::{PUBLISHED, Work};

fn torch() -> PathBuf {
    let named = std::env::var_os("DDRMJPEG_TORCH");
    PathBuf::from(named.expect("DDRMJPEG_TORCH names the program with libtorch"))
}

#[test]
#[ignore = "needs ddrmjpeg-torch: DDRMJPEG_TORCH names it, as scripts/test.sh does"]
fn a_published_network_gives_the_same_pixels_in_another_process() {
    let work = Work::new().with_network().with_torch(torch());
    work.run(PUBLISHED).ends(0);
    let there = work.read("published.ppm");
    let status = Command::new(torch())
        .args(PUBLISHED)
        .current_dir(work.path("."))
        .stdin(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    assert_eq!(there, work.read("published.ppm"));
}

#[test]
#[ignore = "needs ddrmjpeg-torch: DDRMJPEG_TORCH names it, as scripts/test.sh does"]
fn subcommands_that_need_libtorch_become_the_other_program() {
    let work = Work::new().with_network().with_torch(torch());
    work.run(&["model", "verify", "net.ckpt", "--config", "mine.yml"])
        .ends(0)
        .says("the network of mine.yml");
    work.run(&["train", "--pictures", "none", "--out", "out"])
        .ends(2)
        .says("none");
    let ran = work.run(&[
        "bench",
        "--networks",
        "nano",
        "--size",
        "64x48",
        "--rounds",
        "1",
        "--as-published",
    ]);
    ran.ends(0).says("| nano | libtorch | f32 |");
}

/// The processes whose parent, when they were started, was a run in `work`.
fn backends(work: &Work) -> Vec<u32> {
    let folder = work.path(".").canonicalize().unwrap();
    let there = |pid: &u32| {
        let cwd = fs::read_link(format!("/proc/{pid}/cwd"));
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        cwd.is_ok_and(|cwd| cwd == folder) && line.ends_with(b"\0backend\0")
    };
    let names = fs::read_dir("/proc").unwrap();
    let pids = names.filter_map(|name| name.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(there).collect()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs ddrmjpeg-torch: DDRMJPEG_TORCH names it, as scripts/test.sh does"]
fn neither_process_outlives_the_other() {
    let work = Work::new().with_network().with_torch(torch());
    let mut long: Vec<&str> = PUBLISHED.to_vec();
    let steps = long.iter().position(|&word| word == "3").unwrap();
    long[steps] = "1000";
    long.extend(["--init-timestep", "1000", "--samples", "64"]);
    let start = || work.command(&long).stderr(Stdio::piped()).spawn().unwrap();

    let mut killed = start();
    wait_until("it starts", || !backends(&work).is_empty());
    killed.kill().unwrap();
    killed.wait().unwrap();
    wait_until("it ends with its client", || backends(&work).is_empty());

    let bereft = start();
    wait_until("it starts", || !backends(&work).is_empty());
    thread::sleep(Duration::from_millis(700));
    for pid in backends(&work) {
        let kill = Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
    let output = bereft.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("signal: 9"), "{said}");
}
