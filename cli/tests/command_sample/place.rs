//! A folder as the published program has it, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use image::RgbImage;
use tempfile::TempDir;

use crate::golden::Fixture;

/// The lean prior on squares of 32 pixels.
pub const LEAN: &str = "model:\n  type: lean\ndata:\n  dataset: ImageNet\n  image_size: 32\n  \
                    out_of_dist: true\n  rescaled: true\n";

/// A folder as the published program has it: configs/ and exp/.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new(config: &str) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("configs/small.yml", config.as_bytes());
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn picture(&self, name: &str, seed: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        scene(seed).save(path).unwrap();
    }

    /// A test set of `count` pictures in `ood`.
    pub fn with_pictures(config: &str, count: u32) -> Self {
        let place = Self::new(config);
        for i in 0..count {
            place.picture(&format!("exp/datasets/ood/class/{i}.png"), i);
        }
        place
    }

    /// A golden net's weights as a checkpoint.
    pub fn weights(&self, net: &str, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let fixture = Fixture::open(net);
        write_safetensors(&path, &fixture, &BTreeMap::new(), StoreAs::default()).unwrap();
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.run_told(arguments, "")
    }

    /// With `answer` on standard input. On the CPU in f32, which is the same everywhere.
    pub fn run_told(&self, arguments: &str, answer: &str) -> Output {
        let fixed = "sample --config small.yml --doc doc --device cpu --precision f32";
        let mut child = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
            .args(fixed.split(' '))
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env_remove("XDG_CACHE_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built for this test");
        // A program that never asks closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(answer.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub fn results(&self, folder: &str) -> Vec<String> {
        let folder = self.path("exp/image_samples").join(folder);
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    pub fn result(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("exp/image_samples").join(name)).unwrap()
    }
}

/// 48 x 40 pixels of waves.
pub fn scene(seed: u32) -> RgbImage {
    RgbImage::from_fn(48, 40, |x, y| {
        let wave = |c: u32| {
            let phase = (x * (c + 1) + y * 2 + 17 * seed) as f32 * 0.15;
            (128.0 + 90.0 * phase.sin()) as u8
        };
        image::Rgb([wave(0), wave(1), wave(2)])
    })
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// The number in the line that begins with `title`.
pub fn figure(output: &Output, title: &str) -> f64 {
    let said = said(output);
    let line = said.lines().find_map(|line| line.strip_prefix(title));
    let number = line.unwrap_or_else(|| panic!("no line {title:?} in {said}"));
    number.trim().parse().unwrap()
}
