//! The published configs: those in configs/ give the published networks, files written as
//! others wrote them load unchanged, and what is unknown is named.

use ddrmjpeg::error::Result;
use ddrmjpeg::model::adm::{AdmConfig, ClassifierConfig, Pool};
use ddrmjpeg::model::config::{BetaSchedule, Config, NetworkConfig};
use ddrmjpeg::model::ddpm::DdpmConfig;
use ddrmjpeg::model::registry;

fn shipped(name: &str) -> Config {
    let path = format!("{}/configs/{name}.yml", env!("CARGO_MANIFEST_DIR"));
    Config::parse(&std::fs::read_to_string(path).unwrap(), name).unwrap()
}

/// The error of a config made of `model` lines and further sections.
fn refusal(model: &str, more: &str) -> String {
    let text = format!("data:\n  dataset: x\n  image_size: 32\nmodel:\n{model}\n{more}");
    Config::parse(&text, "mine.yml").unwrap_err().to_string()
}

const SIMPLE: &str = "  type: simple
  ch: 32
  ch_mult: [1, 2]
  num_res_blocks: 1
  attn_resolutions: [16, ]";

fn imagenet(image_size: i64, num_classes: Option<i64>) -> AdmConfig {
    AdmConfig {
        image_size,
        model_channels: 256,
        out_channels: 6,
        attention_resolutions: [32, 16, 8].map(|side| image_size / side).to_vec(),
        channel_mult: match image_size {
            512 => vec![0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
            _ => vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
        },
        num_heads: 4,
        num_head_channels: Some(64),
        num_classes,
        use_scale_shift_norm: true,
        resblock_updown: true,
        ..AdmConfig::default()
    }
}

#[test]
fn imagenet_configs_give_the_published_networks() {
    let expected = [
        ("imagenet_256", imagenet(256, None), Some(true)),
        ("imagenet_256_cc", imagenet(256, Some(1000)), Some(true)),
        ("imagenet_512_cc", imagenet(512, Some(1000)), Some(false)),
    ];
    for (name, network, use_fp16) in expected {
        let config = shipped(name);
        assert_eq!(
            config.network().unwrap(),
            NetworkConfig::Adm(network.clone()),
            "{name}"
        );
        assert_eq!(config.model.use_fp16, use_fp16);
        let guide = network.num_classes.map(|classes| ClassifierConfig {
            encoder: AdmConfig {
                model_channels: 128,
                out_channels: classes,
                num_classes: None,
                num_heads: 1,
                ..network
            },
            pool: Pool::Attention,
        });
        assert_eq!(config.guide().unwrap(), guide, "{name}");
    }
    assert_eq!(shipped("imagenet_256").sampling.batch_size, 8);
}

#[test]
fn ddpm_configs_give_the_published_network() {
    let expected = [
        ("celeba_hq", "CelebA_HQ", ""),
        ("bedroom", "LSUN", "bedroom"),
        ("cat", "LSUN", "cat"),
        ("church", "LSUN", "church_outdoor"),
    ];
    for (name, dataset, category) in expected {
        let config = shipped(name);
        let network = NetworkConfig::Ddpm(DdpmConfig::default());
        assert_eq!(config.network().unwrap(), network, "{name}");
        assert_eq!(
            (config.data.dataset.as_str(), config.data.category.as_str()),
            (dataset, category)
        );
        assert_eq!(config.diffusion.beta_schedule, BetaSchedule::Linear);
        assert_eq!(config.diffusion.beta_end, 0.02);
        assert_eq!(config.diffusion.num_diffusion_timesteps, 1000);
    }
    for own in &registry::NETWORKS {
        let network = shipped(own.name).network().unwrap();
        assert_eq!(network, NetworkConfig::Own(own));
    }
}

#[test]
fn every_shipped_config_is_tested() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let tested = [
        "bedroom",
        "cat",
        "celeba_hq",
        "church",
        "imagenet_256",
        "imagenet_256_cc",
        "imagenet_512_cc",
        "lean",
        "nano",
    ];
    assert_eq!(names, tested.map(|name| format!("{name}.yml")));
}

/// The manners of the published files: capitals, both quotes, trailing commas, blank lines.
#[test]
fn a_file_in_the_published_manner_loads_unchanged() {
    let text = "data:\n    dataset: \"LSUN\"\n    category: ''\n    image_size: 32\n    \
        channels: 3\n    random_flip: true\n    rescaled: True\n    num_workers: 32\n    \
        out_of_dist: True\n\nmodel:\n    type: 'simple'\n    in_channels: 3\n    out_ch: 3\n    \
        ch: 32\n    ch_mult: [1, 2]\n    num_res_blocks: 1\n    attn_resolutions: [16, ]\n    \
        dropout: 0.0\n    var_type: fixedlarge\n    ema_rate: 0.9999\n    ema: True\n    \
        resamp_with_conv: True\n\n\ntraining:\n    anything: [1, {at: all}]\noptim:\n    \
        eps: 0.00000001\n\ndiffusion:\n    beta_schedule: quad\n    beta_start: 1e-4\n    \
        beta_end: 0.02\n    num_diffusion_timesteps: 1000\n\nsampling:\n    batch_size: 4\n    \
        last_only: True";
    let config = Config::parse(text, "mine.yml").unwrap();
    assert!(config.data.out_of_dist && config.data.rescaled);
    assert_eq!(config.diffusion.beta_schedule, BetaSchedule::Quad);
    assert_eq!(config.diffusion.beta_start, 1e-4);
}

#[test]
fn unknown_keys_are_named_all_of_them() {
    let more = "  chanels: 3\nsampling:\n  steps: 4\nclassifier:\n  width: 3\nextra: 1\n";
    let error = refusal(SIMPLE, more);
    let named = [
        "mine.yml",
        "model.chanels",
        "sampling.steps",
        "classifier.width",
        "extra",
    ];
    for key in named {
        assert!(error.contains(key), "{key}: {error}");
    }
    let foreign = refusal(SIMPLE, "  num_channels: 64\n");
    assert!(
        foreign.contains("model.num_channels (of another model.type)"),
        "{foreign}"
    );
}

#[test]
fn wrong_values_say_what_is_wrong() {
    let cases = [
        ("  type: other", "", "other"),
        ("  type: simple", "", "model.ch is missing"),
        (
            "  type: openai\n  num_channels: 32\n  num_res_blocks: 1",
            "",
            "image_size 32",
        ),
        (
            SIMPLE,
            "diffusion:\n  beta_end: 2\n",
            "diffusion.beta_end 2",
        ),
        (SIMPLE, "diffusion:\n  beta_schedule: cosine\n", "cosine"),
        (SIMPLE, "  in_channels: 4\n", "model.in_channels 4"),
        (SIMPLE, "classifier:\n  classifier_pool: max\n", "max"),
        (
            SIMPLE,
            "classifier:\n  classifier_attention_resolutions: \"32,x\"\n",
            "number",
        ),
        (SIMPLE, "  : [", "mine.yml"),
    ];
    for (model, more, told) in cases {
        let error = refusal(model, more);
        assert!(error.contains(told), "{told}: {error}");
    }
}

fn small_network(model: &str) -> Result<NetworkConfig> {
    let text = format!("data:\n  dataset: x\n  image_size: 32\nmodel:\n{model}");
    Config::parse(&text, "small.yml")?.network()
}

#[test]
fn small_networks_can_be_written_too() {
    let model = "  type: openai\n  num_channels: 32\n  num_res_blocks: 1\n  channel_mult: \"1,2\"\n  \
        attention_resolutions: 16\n  num_head_channels: -1\n  num_heads: 2\n  class_cond: true\n  \
        num_classes: 10\n";
    let expected = AdmConfig {
        image_size: 32,
        model_channels: 32,
        out_channels: 3,
        num_res_blocks: 1,
        attention_resolutions: vec![2],
        channel_mult: vec![1.0, 2.0],
        num_heads: 2,
        num_classes: Some(10),
        ..AdmConfig::default()
    };
    assert_eq!(small_network(model).unwrap(), NetworkConfig::Adm(expected));
}
