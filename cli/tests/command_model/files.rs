//! list, info, verify and convert.

use ddrmjpeg::runtime::tensors::Dtype;
use serde_json::Value;

use crate::checkpoint_files::{golden, load_all, read_all};
use crate::work::{Work, ZIP, text};

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

#[test]
fn the_list_has_every_model_and_what_is_there() {
    let work = Work::new();
    let cat = "exp/logs/diffusion_models_converted/ema_diffusion_lsun_cat_model";
    std::fs::create_dir_all(work.path(cat)).unwrap();
    std::fs::create_dir_all(work.path("exp/logs/celeba")).unwrap();
    std::fs::create_dir_all(work.path("exp/logs/imagenet")).unwrap();
    let uncond = "exp/logs/imagenet/256x256_diffusion_uncond.pt";
    let work = work
        .with(&format!("{cat}/model-1761000.ckpt.part"), &[0; 1500])
        .with("exp/logs/celeba/celeba_hq.ckpt", &[0; 10])
        .with(uncond, &[0; 10]);
    let ran = work.model(&["list"]).ends(0);
    ran.says(&[
        "lean",
        "built in",
        "imagenet_512_classifier",
        "2.21 GB",
        "1.50 kB so far",
    ]);
    assert_eq!(ran.out().lines().count(), 12);
    let states: Vec<(String, String)> = work
        .model(&["list", "--json"])
        .ends(0)
        .json()
        .iter()
        .map(|v| (text(&v["name"]), text(&v["state"])))
        .collect();
    let state = |name: &str| &states.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(states.len(), 11);
    assert_eq!(
        ["lean", "nano", "cat", "celeba_hq", "imagenet_256", "church"].map(state),
        [
            "built in",
            "built in",
            "incomplete",
            "present",
            "wrong size",
            "absent"
        ]
    );
    let elsewhere = work.model(&["list", "--exp", "other", "--json"]).json();
    assert!(elsewhere.iter().all(|v| v["state"] != "present"));
}

#[test]
fn info_tells_what_a_checkpoint_is() {
    let work = Work::new()
        .with_golden("ddpm_legacy.ckpt")
        .with_golden("adm_zip_fp16.pt")
        .with("junk.pt", b"<html>no</html>");
    work.model(&["info", "ddpm_legacy.ckpt"]).ends(0).says(&[
        "torch legacy container",
        "f32",
        "none of the configs",
    ]);
    let ran = work
        .model(&["info", "--tensors", "adm_zip_fp16.pt"])
        .ends(0);
    ran.says(&[
        "torch zip",
        "f16",
        "input_blocks.0.0.weight f16 [32, 3, 3, 3]",
    ]);
    work.model(&["info", "junk.pt", "ddpm_legacy.ckpt"])
        .ends(1)
        .says(&["junk.pt", "web page", "torch legacy container"]);
    work.model(&["info", "dog"])
        .ends(1)
        .says(&["dog is neither a model of the catalogue", "nor a file"]);
}

#[test]
fn info_knows_the_catalogue() {
    let work = Work::new();
    work.model(&["info", "lean"]).ends(0).says(&[
        "lean (built in)",
        "safetensors",
        "lean.yml (network)",
        "channels = [64, 128, 256]",
    ]);
    work.model(&["info", "nano"]).ends(0).says(&[
        "nano (built in)",
        "nano.yml (network)",
        "kind = nano",
    ]);
    work.model(&["info", "imagenet_256"]).ends(0).says(&[
        "not for commercial deployment",
        "2.21 GB, sha256 a37c",
        "ddrmjpeg model fetch imagenet_256",
    ]);
    let both = work
        .model(&["info", "--json", "lean", "cat"])
        .ends(0)
        .json();
    assert_eq!(both[0]["checkpoint"]["container"], "safetensors");
    assert_eq!(both[0]["checkpoint"]["fits"][0], "lean.yml (network)");
    assert!(both[0]["checkpoint"]["parameters"].as_u64().unwrap() > 1_000_000);
    assert_eq!(both[1]["checkpoint"], Value::Null);
    assert_eq!(
        both[1]["catalogue"]["hash"],
        "md5 646f23f4821f2459b8bafc57fd824558"
    );
}

#[test]
fn a_sound_checkpoint_is_held_to_its_config() {
    let work = Work::new()
        .with_golden(ZIP)
        .with("mine.yml", CONFIG.as_bytes())
        .with("wider.yml", CONFIG.replace("ch: 32", "ch: 64").as_bytes())
        .with("broken.yml", b"model: [");
    work.model(&["verify", ZIP])
        .ends(0)
        .says(&["sound", "every value finite"]);
    let ran = work.model(&["verify", ZIP, "--config", "mine.yml"]).ends(0);
    ran.says(&["the network of mine.yml"]);
    let ran = work
        .model(&["verify", ZIP, "--config", "wider.yml"])
        .ends(1);
    ran.says(&[
        "is not the network of wider.yml",
        "of another shape",
        "wanted [64]",
    ]);
    work.model(&["verify", ZIP, "--config", "imagenet_256_cc"])
        .ends(1)
        .says(&["missing", "unexpected"]);
    work.model(&["verify", ZIP, "--config", "lean"])
        .ends(1)
        .says(&["is not of lean"]);
    work.model(&["verify", ZIP, "--config", "broken.yml"])
        .ends(2);
    work.model(&["verify", ZIP, "--config", "none.yml"])
        .ends(2)
        .says(&["--config none.yml"]);
    work.model(&["verify", "lean", "nano"])
        .ends(0)
        .says(&["the network of lean.yml", "the network of nano.yml"]);
}

#[test]
fn damage_is_found_wherever_it_is() {
    let bytes = golden::checkpoint_bytes(ZIP);
    let mut infinite = bytes.clone();
    let weights = golden::weights(&golden::folder(), "net_ddpm");
    let weight = &weights["conv_in.weight"].bytes;
    let at = bytes
        .windows(weight.len())
        .position(|w| w == &weight[..])
        .unwrap();
    infinite[at + 4..at + 8].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let work = Work::new()
        .with("cut.ckpt", &bytes[..bytes.len() - 1000])
        .with("infinite.ckpt", &infinite)
        .with("sound.ckpt", &bytes);
    work.model(&["verify", "cut.ckpt"])
        .ends(1)
        .says(&["cut.ckpt"]);
    let ran = work
        .model(&["verify", "infinite.ckpt", "sound.ckpt"])
        .ends(1);
    ran.says(&["conv_in.weight", "inf at element 1", "sound.ckpt: sound"]);
    let lines = work.model(&["verify", "--json", "infinite.ckpt", "sound.ckpt"]);
    let lines = lines.ends(1).json();
    assert_eq!(lines[0]["sound"], Value::Null);
    assert!(text(&lines[0]["error"]).contains("inf at element 1"));
    assert_eq!(lines[1]["error"], Value::Null);
}

#[test]
fn every_container_converts_and_means_the_same() {
    for name in [ZIP, "ddpm_legacy.ckpt", "adm_zip_fp16.pt"] {
        let work = Work::new().with_golden(name);
        let ran = work.model(&["convert", name, "out.safetensors"]).ends(0);
        ran.says(&["out.safetensors", "tensors"]);
        let converted = read_all(&*work.tensors("out.safetensors")).unwrap();
        let original = load_all(golden::checkpoint_bytes(name)).unwrap();
        assert!(converted.keys().eq(original.keys()), "{name}");
        for (key, tensor) in &original {
            assert_eq!(tensor.info, converted[key].info, "{name}: {key}");
            assert_eq!(tensor.bytes, converted[key].bytes, "{name}: {key}");
        }
    }
}

#[test]
fn converting_changes_the_type_when_asked_to() {
    let work = Work::new().with_golden(ZIP);
    for (dtype, wanted) in [
        ("f16", Dtype::F16),
        ("bf16", Dtype::Bf16),
        ("f32", Dtype::F32),
    ] {
        let run = ["convert", ZIP, "out.safetensors", "--dtype", dtype];
        work.model(&run).ends(0);
        let info = work.tensors("out.safetensors").info("conv_in.weight");
        assert_eq!(info.unwrap().dtype, wanted);
    }
    // The built-in prior keeps what it says of itself.
    work.model(&["convert", "lean", "lean.safetensors"]).ends(0);
    let copy = work.model(&["info", "lean.safetensors"]).ends(0);
    copy.says(&["lean.yml (network)", "sigma_one_call = 20"]);
}

#[test]
fn what_cannot_be_converted_leaves_nothing() {
    let work = Work::new()
        .with_golden(ZIP)
        .with("junk.pt", b"<html>no</html>");
    work.model(&["convert", ZIP, "out.pt"])
        .ends(2)
        .says(&["must end in .safetensors"]);
    work.model(&["convert", ZIP]).ends(2);
    work.model(&["convert", ZIP, "o.safetensors", "--dtype", "f8"])
        .ends(2);
    work.model(&["convert", "junk.pt", "out.safetensors"])
        .ends(1)
        .says(&["junk.pt"]);
    work.model(&["convert", "cat", "out.safetensors"])
        .ends(1)
        .says(&["ddrmjpeg model fetch cat"]);
    assert!(!work.path("out.safetensors").exists());
}
