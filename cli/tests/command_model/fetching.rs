//! fetch, from a server on the loopback.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::checkpoint_files::golden;
use crate::http_server::{Reply, Server, sound};
use crate::work::{BINARY, Work, ZIP, text};

const TAG: &str = "\"1\"";

/// An entry of which neither size nor digest is public.
const FREE: &str = "imagenet_256_classifier";
const FREE_FILE: &str = "exp/logs/imagenet/256x256_classifier.pt";

fn serving(body: Vec<u8>) -> Server {
    Server::start(move |asked, count| match count {
        // The first connection of every test breaks.
        0 => sound(asked, &body, TAG).cut(10_000),
        _ => sound(asked, &body, TAG),
    })
}

#[test]
fn fetch_lays_a_model_out_and_resumes() {
    let body = golden::checkpoint_bytes(ZIP);
    let server = serving(body.clone());
    let work = Work::new();
    let run = ["fetch", FREE, "--url", &server.url("/c.pt")];
    work.model(&run)
        .ends(0)
        .says(&[FREE_FILE, "trying again", "resuming at 10.00 kB"]);
    assert_eq!(std::fs::read(work.path(FREE_FILE)).unwrap(), body);
    assert_eq!(server.ranges(), [None, Some(10_000)]);
    let again = work.model(&run).ends(0);
    again.says(&["is there", "not those of imagenet_256_cc.yml"]);
    let again = work
        .model(&["fetch", FREE, "lean", "--json"])
        .ends(0)
        .json();
    assert_eq!(again[0]["status"], "present");
    assert_eq!(again[1]["path"], Value::Null);
    assert_eq!(server.ranges().len(), 2);
    work.model(&["verify", FREE])
        .ends(1)
        .says(&["is not the", "imagenet_256_cc.yml"]);
}

#[test]
fn fetch_keeps_what_fails_out_of_the_models_place() {
    let server = serving(golden::checkpoint_bytes(ZIP));
    let work = Work::new();
    // The digest of the catalogue holds for a mirror too.
    let ran = work.model(&["fetch", "cat", "--url", &server.url("/c"), "--json"]);
    ran.says(&["md5", "646f23f4821f2459b8bafc57fd824558", "deleted"]);
    assert_eq!(ran.ends(1).json()[0]["status"], "failed");
    let page = Server::start(|_, _| Reply::whole(b"<html>log in</html>"));
    work.model(&["fetch", FREE, "--url", &page.url("/c")])
        .ends(1)
        .says(&["web page", "deleted"]);
    let gone = Server::start(|_, _| Reply::status("404 Not Found"));
    work.model(&["fetch", FREE, "--url", &gone.url("/c")])
        .ends(1)
        .says(&["404 Not Found"]);
    for (_, state) in states(&work) {
        assert!(state == "absent" || state == "built in", "{state}");
    }
    work.model(&["fetch", "dog"])
        .ends(2)
        .says(&["no model \"dog\"", "church"]);
    work.model(&["fetch", "cat", "church", "--url", "http://127.0.0.1:9/"])
        .ends(2);
    work.model(&["fetch", FREE, "--url", "ftp://host/x"])
        .ends(1)
        .says(&["http"]);
}

fn states(work: &Work) -> Vec<(String, String)> {
    let listed = work.model(&["list", "--json"]).ends(0).json();
    let states = listed.iter();
    states
        .map(|v| (text(&v["name"]), text(&v["state"])))
        .collect()
}

/// A limit on the size of files stands for a full disk: it needs no rights, and fails in the
/// same call. The shell keeps its signal away, so that the write fails instead.
#[test]
fn a_file_that_cannot_grow_is_kept_and_completed_later() {
    let body = golden::checkpoint_bytes(ZIP);
    assert!(body.len() > 100_000, "{}", body.len());
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    let url = server.url("/c.pt");
    let work = Work::new();
    let mut limited = Command::new("sh");
    // 100 blocks of 512 bytes.
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    limited.args(["-c", script, BINARY, "model", "fetch", FREE, "--url", &url]);
    let more = format!("{} more are needed", body.len() - 51_200);
    work.run(&mut limited).ends(1).says(&[
        "256x256_classifier.pt.part",
        &more,
        "run again to resume",
    ]);
    let part = format!("{FREE_FILE}.part");
    assert_eq!(length(&work.path(&part)), 51_200);
    work.model(&["list"]).ends(0).says(&["51.20 kB so far"]);
    work.model(&["fetch", FREE, "--url", &url]).ends(0);
    assert_eq!(server.ranges(), [None, Some(51_200)]);
    assert_eq!(std::fs::read(work.path(FREE_FILE)).unwrap(), body);
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}
