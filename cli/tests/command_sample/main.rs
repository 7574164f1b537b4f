//! `ddrmjpeg sample`, the real binary: the published files, names and lines, on tiny sets with
//! small networks under the published paths.

#![cfg(feature = "torch")]

#[path = "../../../tests/golden/mod.rs"]
#[expect(dead_code, reason = "other tests read more of the files")]
mod golden;
mod networks;
mod place;

use std::fs;
use std::process::Command;

use place::{LEAN, Place, errors, figure, said, status};

/// PSNR of two pictures of the results.
fn psnr(place: &Place, a: &str, b: &str) -> f64 {
    let read = |name| {
        image::load_from_memory(&place.result(name))
            .unwrap()
            .to_rgb8()
    };
    let (a, b) = (read(a), read(b));
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.as_raw().len() as f64 / sum).log10()
}

#[test]
fn a_run_writes_the_published_files_and_lines() {
    let place = Place::with_pictures(LEAN, 2);
    let output = place.run("--ni -i first --deg jpeg20 --timesteps 3 --comment hello");
    assert_eq!(status(&output), 0, "{}", errors(&output));
    let expected = [
        "0_-1.png",
        "1_-1.png",
        "orig_0.png",
        "orig_1.png",
        "y0_0.png",
        "y0_1.png",
    ];
    assert_eq!(place.results("first"), expected);
    let said = said(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..2], ["Dataset has size 2", "Start from 0"]);
    assert_eq!(lines[4], "Number of samples: 2");
    // The lines have two digits, of pictures not rounded to bytes (0.02 dB at 40 dB).
    let mean = |kind: fn(u32) -> String| {
        let of = |i| {
            psnr(
                &place,
                &format!("first/orig_{i}.png"),
                &format!("first/{}", kind(i)),
            )
        };
        (of(0) + of(1)) / 2.0
    };
    let result = mean(|i| format!("{i}_-1.png"));
    let jpeg = mean(|i| format!("y0_{i}.png"));
    assert!((figure(&output, "Total Average PSNR:") - result).abs() < 0.05);
    assert!((figure(&output, "Total Average PSNR of JPEG:") - jpeg).abs() < 0.05);
    assert!(errors(&output).contains("PSNR: "));
    let log = fs::read_to_string(place.path("exp/logs/doc/stdout.txt")).unwrap();
    for part in [
        "INFO - sample - ",
        "Exp comment = hello",
        "Total Average PSNR: ",
        ": 2/2",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}

/// README of the published program: its example, options abbreviated as argparse allows.
#[test]
fn published_spellings_are_understood() {
    let place = Place::with_pictures(LEAN, 1);
    let output = place.run(
        "--ni --image_folder out --deg jpeg80 --num_avg_samples 2 --timesteps 2 --eta 0.9 \
         --etaB 0.5 --subset_start -1 --subset_end -1 --init_timestep 200 --verbose critical \
         --sample --seed 7 --exp exp",
    );
    assert_eq!(status(&output), 0, "{}", errors(&output));
    assert!(!errors(&output).contains("INFO"), "{}", errors(&output));
    let short = place.run("--ni --image out --deg jpeg80 --num 2 --timest 2 --init 200");
    assert_eq!(status(&short), 0, "{}", errors(&short));
}

/// Faults 1 and 6 of the published program: `quant` fails there, and so do more steps than
/// timesteps.
#[test]
fn what_never_worked_works() {
    let place = Place::with_pictures(LEAN, 1);
    let output = place.run("--ni --deg quant --timesteps 12 --init_timestep 8 --etaB 1");
    assert_eq!(status(&output), 0, "{}", errors(&output));
    let levels = image::load_from_memory(&place.result("images/y0_0.png")).unwrap();
    assert!(levels.to_rgb8().as_raw().iter().all(|byte| byte % 32 == 0));
    let (result, y) = (
        figure(&output, "Total Average PSNR:"),
        figure(&output, "Total Average PSNR of quantized:"),
    );
    assert!(
        result > y + 3.0,
        "{result} {y}: half a step is 6 dB below the bin's centre"
    );
}

#[test]
fn a_subset_keeps_ids_and_pixels() {
    let place = Place::with_pictures(LEAN, 3);
    let all = place.run("--ni -i all --deg jpeg20 --timesteps 2");
    let part = place.run("--ni -i part --deg jpeg20 --timesteps 2 --subset_start 1 --subset_end 2");
    assert_eq!((status(&all), status(&part)), (0, 0), "{}", errors(&part));
    assert!(said(&part).starts_with("Dataset has size 1\nStart from 1\n"));
    assert_eq!(
        place.results("part"),
        ["1_-1.png", "orig_1.png", "y0_1.png"]
    );
    assert_eq!(place.result("part/1_-1.png"), place.result("all/1_-1.png"));
    let beyond = place.run("--ni --deg jpeg20 --subset_start 2 --subset_end 4");
    assert_eq!(status(&beyond), 2);
    assert!(
        errors(&beyond).contains("subset_end = 4"),
        "{}",
        errors(&beyond)
    );
}

#[test]
fn an_interrupted_run_goes_on() {
    let place = Place::with_pictures(LEAN, 3);
    let whole = place.run("--ni --deg jpeg20 --timesteps 2");
    let kept = place.result("images/2_-1.png");
    // As if the run had stopped within the second picture.
    fs::remove_file(place.path("exp/image_samples/images/1_-1.png")).unwrap();
    // A result that would not come out this way again shows that it is not computed again.
    let marked = place.path("exp/image_samples/images/2_-1.png");
    fs::copy(place.path("exp/image_samples/images/orig_2.png"), &marked).unwrap();
    let resumed = place.run("--resume --deg jpeg20 --timesteps 2");
    assert_eq!(status(&resumed), 0, "{}", errors(&resumed));
    assert_eq!(said(&resumed), said(&whole));
    assert_ne!(place.result("images/2_-1.png"), kept);
    assert_eq!(place.results("images").len(), 9);
    let lean = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/lean.safetensors");
    let weights = format!("--resume --deg jpeg20 --timesteps 2 --weights {lean}");
    for other in ["--resume --deg jpeg30 --timesteps 2", &weights] {
        let refused = place.run(other);
        assert_eq!(status(&refused), 2, "{other}");
        let said = errors(&refused);
        assert!(said.contains("of another run"), "{other}: {said}");
    }
}

#[test]
fn results_are_overwritten_after_a_yes_only() {
    let place = Place::with_pictures(LEAN, 1);
    place.write("exp/image_samples/images/7_-1.png", b"old");
    place.write("exp/image_samples/images/holiday.png", b"mine");
    let refused = place.run_told("--deg jpeg20 --timesteps 2", "n\n");
    assert_eq!(status(&refused), 0);
    let said = said(&refused);
    assert!(
        said.contains("Overwrite? (Y/N)") && said.contains("Program halted."),
        "{said}"
    );
    assert_eq!(place.results("images"), ["7_-1.png", "holiday.png"]);
    let agreed = place.run_told("--deg jpeg20 --timesteps 2", "y\n");
    assert_eq!(status(&agreed), 0, "{}", errors(&agreed));
    let expected = ["0_-1.png", "holiday.png", "orig_0.png", "y0_0.png"];
    assert_eq!(place.results("images"), expected);
}

#[test]
fn what_is_missing_is_named_and_nothing_is_overwritten() {
    let place = Place::new(LEAN);
    place.write("exp/image_samples/images/7_-1.png", b"old");
    let run = |place: &Place, name: &str| {
        let output = place.run(&format!("--ni --deg jpeg20 --timesteps 2 --exp {name}"));
        assert_eq!(status(&output), 2);
        errors(&output)
    };
    let no_data = run(&place, "exp");
    assert!(no_data.contains("exp/datasets/ood"), "{no_data}");
    let adm = "model:\n  type: openai\n  num_channels: 32\n  num_res_blocks: 1\n  \
               channel_mult: 1,2\n  num_heads: 4\n  attention_resolutions: 16\n  class_cond: false\n\
               data:\n  dataset: ImageNet\n  image_size: 32\n  out_of_dist: true\n";
    place.write("configs/small.yml", adm.as_bytes());
    place.picture("exp/datasets/ood/a/1.png", 1);
    let no_weights = run(&place, "exp");
    let wanted = "exp/logs/imagenet/256x256_diffusion_uncond.pt";
    assert!(no_weights.contains(wanted), "{no_weights}");
    assert_eq!(place.results("images"), ["7_-1.png"]);
    fs::remove_file(place.path("configs/small.yml")).unwrap();
    let no_config = run(&place, "exp");
    assert!(no_config.contains("configs/small.yml"), "{no_config}");
}

/// The published program would end there, with status 0.
#[test]
fn a_broken_picture_is_a_message() {
    let place = Place::with_pictures(LEAN, 1);
    place.write("exp/datasets/ood/class/1.png", b"no picture");
    let output = place.run("--ni --deg jpeg20 --timesteps 2");
    assert_eq!(status(&output), 1);
    assert!(
        errors(&output).contains("class/1.png"),
        "{}",
        errors(&output)
    );
    assert!(said(&output).contains("Number of samples: 1"));
}

#[test]
fn usage_is_checked_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(status(&output), 2, "{arguments}");
        errors(&output)
    };
    assert!(run("sample --config lean.yml --deg jpeg20").contains("--doc"));
    assert!(run("sample --config lean.yml --doc d --deg sr4").contains("sr4"));
    let steps = run("sample --config lean.yml --doc d --deg jpeg20 --timesteps 0");
    assert!(steps.contains("steps = 0"), "{steps}");
    // lean.yml is built in: the folder of pictures is what is missing.
    let data = run("sample --config lean.yml --doc d --deg jpeg20 --ni");
    assert!(data.contains("exp/datasets/ood"), "{data}");
    assert!(!folder.path().join("exp").exists());
}
