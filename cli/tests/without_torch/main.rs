//! The command as it is built without libtorch: what it does by itself, what it says where
//! `ddrmjpeg-torch` is missing or misbehaves, and, with the real one, that results are the same.

#![cfg(not(feature = "torch"))]

#[path = "../../../tests/checkpoint_files/mod.rs"]
mod checkpoint_files;
mod impostors;
mod together;
mod work;

use crate::work::Work;

#[test]
fn own_networks_need_nothing_by_name_or_by_config() {
    let work = Work::new();
    for (model, out) in [("nano", "a.ppm"), ("nano.yml", "b.ppm")] {
        work.run(&[
            "restore", "in.jpg", "-o", out, "--model", model, "--device", "cpu",
        ])
        .ends(0);
    }
    work.run(&[
        "restore", "in.jpg", "-o", "c.ppm", "--config", "nano.yml", "--device", "cpu",
    ])
    .ends(0);
    assert_eq!(work.read("a.ppm"), work.read("b.ppm"));
    assert_eq!(work.read("a.ppm"), work.read("c.ppm"));
    work.run(&["model", "verify", "lean", "nano"]).ends(0);
}

/// What was asked for, where the program was looked for, and how to get it.
#[test]
fn what_needs_libtorch_says_so_and_how_to_get_it() {
    let work = Work::new().with_network();
    let asks: [(&str, &[&str]); 6] = [
        ("train", &["train", "--pictures", ".", "--out", "out"]),
        (
            "sample",
            &[
                "sample", "--config", "cat.yml", "--doc", "d", "--deg", "jpeg80",
            ],
        ),
        ("bench of networks", &["bench", "--networks", "adm256"]),
        (
            "bench of networks",
            &[
                "bench",
                "--steps",
                "3",
                "--sizes",
                "16x16",
                "--networks",
                "ddpm",
            ],
        ),
        (
            "device = cuda",
            &["restore", "in.jpg", "-o", "a.png", "--device", "cuda"],
        ),
        ("published networks", work::PUBLISHED),
    ];
    for (what, arguments) in asks {
        let ran = work.run(arguments).ends(2);
        let looked = format!("DDRMJPEG_TORCH = {}", work.path("missing").display());
        for part in [what, "ddrmjpeg-torch", "make build TORCH=1", &looked] {
            ran.says(part);
        }
    }
}

/// Networks of our own are measured without it, in each arithmetic of this CPU.
#[test]
fn own_networks_are_measured_by_this_program() {
    let work = Work::new();
    let bench = ["bench", "--networks", "nano", "--size", "64x48"];
    let ran = work.run(&[&bench[..], &["--rounds", "1"]].concat()).ends(0);
    for part in [
        "| nano | oneDNN | f32 | 64x48 |",
        "nano, a frame of a stream",
        "| fast |",
    ] {
        ran.says(part);
    }
    work.run(&[&bench[..], &["--as-published"]].concat())
        .ends(2)
        .says("bench of networks");
}

/// Arguments are read before the program is looked for.
#[test]
fn wrong_usage_is_the_same_without_it() {
    let work = Work::new();
    work.run(&["train", "--pictures", ".", "--out", "out", "--crop", "7"])
        .ends(2)
        .says("crop");
    work.run(&[
        "sample", "--config", "cat.yml", "--doc", "d", "--deg", "sr4",
    ])
    .ends(2)
    .says("sr4");
    work.run(&["train", "--help"]).ends(0);
}

/// A missing checkpoint is an error before the program is.
#[test]
fn a_checkpoint_that_is_missing_is_named_first() {
    let work = Work::new();
    work.run(&["restore", "in.jpg", "-o", "a.png", "--config", "cat.yml"])
        .ends(2)
        .says("ddrmjpeg model fetch");
}

#[test]
fn checkpoints_of_published_networks_are_read_as_far_as_that_goes() {
    let work = Work::new().with_network();
    work.run(&["model", "info", "net.ckpt"])
        .ends(0)
        .says("tensors");
    work.run(&["model", "verify", "net.ckpt"])
        .ends(0)
        .says("every value finite");
    work.run(&["model", "verify", "net.ckpt", "--config", "mine.yml"])
        .ends(1)
        .says("no libtorch");
}
