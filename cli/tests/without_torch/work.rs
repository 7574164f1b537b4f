//! Runs of the command in a folder of their own, where no `ddrmjpeg-torch` is found.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use tempfile::TempDir;

use crate::checkpoint_files::golden;

/// The network of the golden DDPM checkpoints.
const CONFIG: &str = "model:
  type: simple
  ch: 32
  ch_mult: [1, 2]
  num_res_blocks: 1
  attn_resolutions: [16]
  image_size: 32
data:
  dataset: x
  image_size: 32
";

/// A restoration by that network.
pub const PUBLISHED: &[&str] = &[
    "restore",
    "in.jpg",
    "-o",
    "published.ppm",
    "--model",
    "net.ckpt",
    "--config",
    "mine.yml",
    "--preset",
    "paper",
    "--steps",
    "3",
    "--device",
    "cpu",
    "--precision",
    "f32",
    "--overwrite",
];

/// A folder to work in.
pub struct Work {
    folder: TempDir,
    torch: Option<PathBuf>,
}

impl Work {
    /// With a JPEG, `in.jpg`.
    pub fn new() -> Self {
        let work = Self {
            folder: tempfile::tempdir().unwrap(),
            torch: None,
        };
        let mut scene = Planar8::new(PixelModel::Rgb, 70, 50, (1, 1));
        for (c, plane) in scene.planes.iter_mut().enumerate() {
            for (i, value) in plane.data.iter_mut().enumerate() {
                *value = (60 + 20 * c + (i % 70 * 3 + i / 70 * 2) % 120) as u8;
            }
        }
        work.write("in.jpg", &jpeg::encode(&scene, 20, (2, 2)).unwrap());
        work
    }

    /// And a published network, `net.ckpt`, with its config.
    pub fn with_network(self) -> Self {
        self.write("net.ckpt", &golden::checkpoint_bytes("ddpm_zip.ckpt"));
        self.write("mine.yml", CONFIG.as_bytes());
        self
    }

    /// And `torch` as the program with libtorch.
    pub fn with_torch(mut self, torch: PathBuf) -> Self {
        self.torch = Some(torch);
        self
    }

    /// And such a program, a shell script.
    pub fn with_script(self, script: &str) -> Self {
        self.write("torch.sh", format!("#!/bin/sh\n{script}\n").as_bytes());
        let path = self.path("torch.sh");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self.with_torch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        // A name that is no file, where there is none: one may lie beside the command.
        let torch = self.torch.clone();
        let torch = torch.unwrap_or_else(|| self.path("missing"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("DDRMJPEG_TORCH", torch)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }
}

/// How a run ended.
pub struct Ran(pub Output);

impl Ran {
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(status), "{}", self.all());
        self
    }

    #[track_caller]
    pub fn says(&self, part: &str) {
        let all = self.all();
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }

    pub fn all(&self) -> String {
        let (out, err) = (&self.0.stdout, &self.0.stderr);
        format!(
            "{}{}",
            String::from_utf8_lossy(out),
            String::from_utf8_lossy(err)
        )
    }
}
