//! Runs of the command in a folder of their own.

use std::path::PathBuf;
use std::process::{Command, Output};

use ddrmjpeg::model::checkpoint;
use ddrmjpeg::runtime::tensors::TensorSource;
use serde_json::Value;

use crate::checkpoint_files::golden;

pub const BINARY: &str = env!("CARGO_BIN_EXE_ddrmjpeg");
/// A golden checkpoint.
pub const ZIP: &str = "ddpm_zip.ckpt";

/// A folder to work in, with checkpoints.
pub struct Work(pub tempfile::TempDir);

impl Work {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn with(self, name: &str, bytes: &[u8]) -> Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    pub fn with_golden(self, name: &str) -> Self {
        self.with(name, &golden::checkpoint_bytes(name))
    }

    /// Runs `ddrmjpeg model` with `arguments` in this folder.
    pub fn model(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(BINARY);
        command.arg("model").args(arguments);
        self.run(&mut command)
    }

    pub fn run(&self, command: &mut Command) -> Ran {
        Ran(command.current_dir(&self.0).output().unwrap())
    }

    pub fn tensors(&self, name: &str) -> Box<dyn TensorSource> {
        checkpoint::open(&self.path(name)).unwrap()
    }
}

/// What a run gave.
pub struct Ran(Output);

impl Ran {
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        let errors = self.err();
        assert_eq!(self.0.status.code(), Some(status), "{}{errors}", self.out());
        self
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub fn json(&self) -> Vec<Value> {
        let out = self.out();
        let lines = out.lines();
        lines.map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    #[track_caller]
    pub fn says(&self, words: &[&str]) {
        let all = format!("{}{}", self.out(), self.err());
        for word in words {
            assert!(all.contains(word), "{word:?} is not in\n{all}");
        }
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
