//! What `--model` and `--config` open: checkpoints under published configs, with or without a
//! classifier, and the refusals, each naming what is wrong. Restoring with them, on any size.

#![cfg(feature = "torch")]

#[expect(dead_code, reason = "other tests read more of the files")]
mod golden;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ddrmjpeg::contract::{Control, Reach};
use ddrmjpeg::frame::{Picture, PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::model::open;
use ddrmjpeg::model::open::{open_config, read_config};
use ddrmjpeg::options::{Device, Precision, Preset};
use ddrmjpeg::{ModelOptions, RestoreOptions, Restorer};
use golden::Fixture;
use serde_json::Value;

/// A folder with a checkpoint and its config, as a user has them.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The weights of a golden net as a checkpoint of its own.
    fn weights(&self, net: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let fixture = Fixture::open(net);
        write_safetensors(&path, &fixture, &BTreeMap::new(), StoreAs::default()).unwrap();
        path
    }

    fn config(&self, text: &str) -> String {
        let path = self.path("mine.yml");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// The DDPM config of a fixture, in published keys.
fn ddpm_config(dataset: &str) -> String {
    let config = Fixture::open("net_ddpm").metadata("config");
    let side = &config["image_size"];
    let keys = [
        "type",
        "ch",
        "out_ch",
        "ch_mult",
        "num_res_blocks",
        "attn_resolutions",
    ];
    let lines = keys.map(|key| format!("  {key}: {}\n", config[key]));
    format!(
        "model:\n{}data:\n  dataset: {dataset}\n  image_size: {side}\n",
        lines.concat()
    )
}

/// The class-conditional ADM's and its classifier's. Attention is told by the side of the
/// feature map, of which the constructor's argument is the rate.
fn adm_config(scale: f64) -> String {
    let net = Fixture::open("net_adm_class_cond").metadata("config");
    let guide = Fixture::open("net_adm_classifier").metadata("config");
    let number = |config: &Value, key: &str| config[key].as_i64().unwrap();
    let attention = |config: &Value| {
        number(config, "image_size") / config["attention_resolutions"][0].as_i64().unwrap()
    };
    format!(
        "model:
  type: openai
  num_channels: {}
  num_res_blocks: {}
  channel_mult: {}
  attention_resolutions: {}
  num_head_channels: {}
  learn_sigma: true
  class_cond: true
  num_classes: {}
  use_scale_shift_norm: {}
  resblock_updown: {}
classifier:
  classifier_width: {}
  classifier_depth: {}
  channel_mult: {}
  classifier_attention_resolutions: {}
  num_head_channels: {}
  num_classes: {}
  classifier_pool: {}
  classifier_scale: {scale}
data:
  dataset: ImageNet
  image_size: {}
",
        net["model_channels"],
        net["num_res_blocks"],
        net["channel_mult"],
        attention(&net),
        net["num_head_channels"],
        net["num_classes"],
        net["use_scale_shift_norm"],
        net["resblock_updown"],
        guide["model_channels"],
        guide["num_res_blocks"],
        guide["channel_mult"],
        attention(&guide),
        guide["num_head_channels"],
        guide["out_channels"],
        guide["pool"],
        net["image_size"],
    )
}

fn options(model: &Path, config: &str) -> ModelOptions {
    ModelOptions::default()
        .with_model(model.display().to_string())
        .with_config(Some(config.to_owned()))
        .with_device(Device::Cpu)
        .with_precision(Precision::F32)
}

fn refusal(options: &ModelOptions) -> String {
    match open::open(options) {
        Ok(_) => panic!("opened {}", options.model),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_checkpoint_opens_under_its_config() {
    let files = Files::new();
    let weights = files.weights("net_ddpm", "net.safetensors");
    let options = options(&weights, &files.config(&ddpm_config("LSUN")));
    let side_px = Fixture::open("net_ddpm").metadata("config")["image_size"]
        .as_u64()
        .unwrap() as usize;
    let denoiser = open::open(&options).unwrap();
    assert_eq!(denoiser.reach(), Reach::Window { side_px });
    assert!(!denoiser.facts().one_call);
    let alpha_bar = denoiser.facts().alpha_bar.as_deref().unwrap();
    assert_eq!(alpha_bar.len(), 1000);
    let x = Picture::new(3, side_px, side_px);
    assert_ne!(denoiser.denoise(&x, 1.0, None).unwrap(), x);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let files = Files::new();
    let weights = files.weights("net_ddpm", "net.safetensors");
    let config = files.config(&ddpm_config("LSUN\n  category: church_outdoor"));
    let named = ModelOptions::default().with_model(config.clone());
    let missing = refusal(&named);
    assert!(
        missing.contains("ema_diffusion_lsun_church_model/model-4432000.ckpt"),
        "{missing}"
    );
    let twice = named.clone().with_config(Some("other.yml".into()));
    assert!(refusal(&twice).contains("is a config already"));
    assert!(refusal(&options(&weights, "nowhere.yml")).contains("nowhere.yml"));
    let told = options(&weights, &config).with_class(Some(1));
    assert!(refusal(&told).contains("knows no classes"));
    let other = files.config(&adm_config(0.0));
    let wrong = refusal(&options(&weights, &other));
    assert!(wrong.contains("missing time_embed.0.weight"), "{wrong}");
}

#[test]
fn a_guided_model_takes_its_classifier_from_beside_it() {
    let files = Files::new();
    let weights = files.weights("net_adm_class_cond", "mine.safetensors");
    let config = files.config(&adm_config(3.0));
    let mut options = options(&weights, &config);
    assert!(refusal(&options).contains("_classifier.pt"));
    let side = Fixture::open("net_adm_class_cond").metadata("config")["image_size"].clone();
    files.weights(
        "net_adm_classifier",
        &format!("{side}x{side}_classifier.safetensors"),
    );
    assert!(refusal(&options).contains("must be told a class"));
    options.class = Some(1000);
    assert!(refusal(&options).contains("class 1000"));
    options.class = Some(3);
    let side = side.as_u64().unwrap() as usize;
    let x = Picture::new(3, side, side);
    let guided = open::open(&options).unwrap().denoise(&x, 1.0, None);
    options.config = Some(files.config(&adm_config(0.0)));
    let free = open::open(&options).unwrap().denoise(&x, 1.0, None);
    assert_ne!(guided.unwrap(), free.unwrap());
}

#[test]
fn one_network_serves_every_class() {
    let files = Files::new();
    let weights = files.weights("net_adm_class_cond", "mine.safetensors");
    let config = read_config(&files.config(&adm_config(0.0))).unwrap();
    let opened = open_config(&config, &weights, None, &ModelOptions::default()).unwrap();
    assert_eq!(opened.classes(), Some(10));
    let x = Picture::new(3, 32, 32);
    let out = |class| opened.denoiser(Some(class)).unwrap().denoise(&x, 1.0, None);
    assert_ne!(out(1).unwrap(), out(2).unwrap());
    assert!(opened.denoiser(None).is_err() && opened.denoiser(Some(10)).is_err());
}

fn photo(width: usize, height: usize) -> Vec<u8> {
    let mut picture = Planar8::new(PixelModel::Rgb, width, height, (1, 1));
    for (c, plane) in picture.planes.iter_mut().enumerate() {
        for (i, byte) in plane.data.iter_mut().enumerate() {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            *byte = (128.0 + 90.0 * (0.13 * x + 0.07 * y * (1.0 + c as f32)).sin()) as u8;
        }
    }
    jpeg::encode(&picture, 30, (2, 2)).unwrap()
}

/// Norms, attention and a trained size of 32: pictures smaller, larger and odd, all presets.
#[test]
fn every_preset_runs_on_any_size() {
    let files = Files::new();
    let weights = files.weights("net_ddpm", "net.safetensors");
    let opened = options(&weights, &files.config(&ddpm_config("LSUN")));
    let restorer = Restorer::open(&opened).unwrap();
    for (width, height) in [(20, 20), (50, 34)] {
        for preset in [Preset::Fast, Preset::Quality, Preset::Sample, Preset::Paper] {
            let options = RestoreOptions::default()
                .with_preset(preset)
                .with_steps(Some(2))
                .with_samples((preset == Preset::Quality).then_some(2));
            let restored = restorer
                .restore_jpeg(&photo(width, height), &options, Control::default())
                .unwrap();
            let size = (restored.frame.width(), restored.frame.height());
            assert_eq!(size, (width, height), "{preset}");
            assert!(restored.report.restored && restored.report.network_calls > 0);
        }
    }
}

/// A prior that was never shown noise is not asked to walk down from it, and says so.
#[test]
fn nano_refuses_presets_that_need_noise() {
    let data: Vec<u8> = (0..48 * 32 * 3).map(|i| (i % 251) as u8).collect();
    let bytes = jpeg::encode(&Planar8::from_rgb(48, 32, &data), 40, (2, 2)).unwrap();
    let model = ModelOptions::default()
        .with_model("nano")
        .with_device(Device::Cpu);
    let restorer = Restorer::open(&model).unwrap();
    let ask = |preset, steps| {
        let options = RestoreOptions::default()
            .with_preset(preset)
            .with_steps(steps);
        restorer.restore_jpeg(&bytes, &options, Control::default())
    };
    for (preset, steps) in [
        (Preset::Sample, None),
        (Preset::Quality, Some(3)),
        (Preset::Paper, None),
    ] {
        let message = ask(preset, steps).unwrap_err().to_string();
        assert!(
            message.contains("nano") && message.contains("fast"),
            "{message}"
        );
    }
    for preset in [Preset::Fast, Preset::Quality] {
        ask(preset, None).unwrap();
    }
}
