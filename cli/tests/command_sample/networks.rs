//! The published networks, small, under the published paths.

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;

use crate::golden::Fixture;
use crate::place::{Place, errors, scene, status};

/// A DDPM, converted, in its published place, on a published data set's folder.
#[test]
fn a_published_network_runs_from_its_published_place() {
    let config = "model:\n  type: simple\n  ch: 32\n  out_ch: 3\n  ch_mult: [1, 2]\n  \
                  num_res_blocks: 1\n  attn_resolutions: [16]\ndata:\n  dataset: LSUN\n  \
                  category: bedroom\n  image_size: 32\n  out_of_dist: true\n";
    let place = Place::new(config);
    place.picture("exp/datasets/ood_bedroom/a/1.png", 1);
    let model = "ema_diffusion_lsun_bedroom_model/model-2388000.safetensors";
    let model = format!("exp/logs/diffusion_models_converted/{model}");
    place.weights("net_ddpm", &model);
    let output = place.run("--ni --deg jpeg40 --timesteps 3");
    assert_eq!(status(&output), 0, "{}", errors(&output));
    assert_eq!(place.results("images").len(), 3);
}

/// The network that is told a class, its classifier, and the list of the thousand.
fn guided() -> Place {
    let config = "model:\n  type: openai\n  num_channels: 32\n  num_res_blocks: 1\n  \
                  channel_mult: [1, 2]\n  attention_resolutions: 16\n  num_head_channels: 16\n  \
                  learn_sigma: true\n  class_cond: true\n  num_classes: 10\n  \
                  use_scale_shift_norm: true\n  resblock_updown: true\n";
    let guide = Fixture::open("net_adm_classifier").metadata("config");
    let attention =
        guide["image_size"].as_i64().unwrap() / guide["attention_resolutions"][0].as_i64().unwrap();
    let classifier = format!(
        "classifier:\n  classifier_width: {}\n  classifier_depth: {}\n  channel_mult: {}\n  \
         classifier_attention_resolutions: {attention}\n  num_head_channels: {}\n  \
         num_classes: {}\n  classifier_pool: {}\n  classifier_scale: 1.0\n",
        guide["model_channels"],
        guide["num_res_blocks"],
        guide["channel_mult"],
        guide["num_head_channels"],
        guide["out_channels"],
        guide["pool"],
    );
    let data = "data:\n  dataset: ImageNet\n  subset_1k: true\n  image_size: 32\n";
    let place = Place::new(&format!("{config}{classifier}{data}"));
    place.weights(
        "net_adm_class_cond",
        "exp/logs/imagenet/32x32_diffusion.safetensors",
    );
    place.weights(
        "net_adm_classifier",
        "exp/logs/imagenet/32x32_classifier.safetensors",
    );
    let pixels = scene(3).into_raw();
    let clean = Planar8::from_rgb(48, 40, &pixels);
    let bytes = jpeg::encode(&clean, 95, (2, 2)).unwrap();
    for name in ["a", "b"] {
        place.write(
            &format!("exp/datasets/imagenet/imagenet/{name}.jpeg"),
            &bytes,
        );
    }
    place
}

/// One picture under two classes: the same original, another result.
#[test]
fn labels_of_the_list_reach_network_and_classifier() {
    let place = guided();
    // Every id has noise of its own, so each is compared with itself under another class.
    let under = |labels: &str, folder: &str| {
        place.write("exp/imagenet_val_1k.txt", labels.as_bytes());
        let output = place.run(&format!("--ni -i {folder} --deg jpeg20 --timesteps 3"));
        assert_eq!(status(&output), 0, "{}", errors(&output));
    };
    under("a 3\nb 8\n", "one");
    under("a 3\nb 5\n", "two");
    assert_eq!(
        place.result("one/orig_0.png"),
        place.result("one/orig_1.png")
    );
    assert_eq!(place.result("one/0_-1.png"), place.result("two/0_-1.png"));
    assert_ne!(place.result("one/1_-1.png"), place.result("two/1_-1.png"));
}

#[test]
fn a_list_without_classes_is_refused_by_a_network_that_needs_them() {
    let place = guided();
    place.write("exp/imagenet_val_1k.txt", b"a\nb\n");
    let output = place.run("--ni --deg jpeg20 --timesteps 2");
    assert_eq!(status(&output), 2);
    let errors = errors(&output);
    assert!(errors.contains("a.jpeg has no class"), "{errors}");
}
