//! The files of `ddrmjpeg model export` by ONNX Runtime against the engine in f32, and what the
//! command says.

#![cfg(not(feature = "torch"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ddrmjpeg::contract::{Denoiser, ONE_CALL_SIGMA};
use ddrmjpeg::jpeg;
use ddrmjpeg::model::open;
use ddrmjpeg::options::{Device, Limits, ModelOptions, Precision};
use ddrmjpeg::{Hint, Picture};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_ddrmjpeg");

/// The noise level of the cases with noise, of the -1..1 range.
const SIGMA: f64 = 0.4;

fn command(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("model").args(arguments).current_dir(folder);
    command.output().unwrap()
}

fn export(folder: &Path, arguments: &[&str]) {
    let ran = command(folder, &[&["export"], arguments].concat());
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{arguments:?}: {errors}");
}

/// In f32, on the CPU.
fn prior(name: &str) -> std::sync::Arc<dyn Denoiser> {
    let options = ModelOptions::default()
        .with_model(name)
        .with_device(Device::Cpu)
        .with_precision(Precision::F32);
    open::open(&options).unwrap()
}

/// Waves and grain in -1..1, of another kind for each seed.
fn picture((width, height): (usize, usize), seed: u32) -> Picture {
    let mut state = seed;
    let samples = (0..3 * width * height).map(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = f64::from(state >> 16) / 65_536.0 - 0.5;
        let wave = (i as f64 * 0.07 * f64::from(seed)).sin();
        (0.6 * wave + 0.3 * grain) as f32
    });
    Picture::from_data(3, width, height, samples.collect()).unwrap()
}

/// A JPEG of `quality`, and its tables as a hint over `decoded`.
fn hint(decoded: Picture, quality: u8, subsampling: (usize, usize)) -> (Vec<u8>, Hint) {
    let planes = ddrmjpeg::Planar8::new(ddrmjpeg::PixelModel::Rgb, 32, 32, (1, 1));
    let bytes = jpeg::encode(&planes, quality, subsampling).unwrap();
    let file = jpeg::read(&bytes, &Limits::default()).unwrap();
    let hint = Hint {
        decoded,
        luma: file.components[0].steps,
        chroma: file.components[1].steps,
        subsampling: file.subsampling(),
    };
    (bytes, hint)
}

/// An array of numpy as JSON.
fn array(shape: &[usize], data: impl IntoIterator<Item = f32>) -> Value {
    json!({"shape": shape, "data": data.into_iter().collect::<Vec<f32>>()})
}

/// A picture in the range of the files, 0..1.
fn unsigned(picture: &Picture) -> Value {
    let shape = [1, 3, picture.height, picture.width];
    array(&shape, picture.data.iter().map(|x| x / 2.0 + 0.5))
}

/// The largest difference of two pictures.
fn change(a: &Picture, b: &Picture) -> f32 {
    let pairs = a.data.iter().zip(&b.data);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// One case: the file, its inputs, and what the engine gives.
fn case(model: &Path, noisy: Option<&Picture>, hint: &Hint, given: bool, x0: &Picture) -> Value {
    let mut inputs = json!({"decoded": unsigned(&hint.decoded)});
    if let Some(noisy) = noisy {
        inputs["noisy"] = unsigned(noisy);
        inputs["sigma"] = array(&[1], [SIGMA as f32 / 2.0]);
    }
    if !given {
        let table = |steps: &[u16; 64]| array(&[1, 8, 8], steps.map(f32::from));
        inputs["luma_table"] = table(&hint.luma);
        inputs["chroma_table"] = table(&hint.chroma);
        let (h, v) = hint.subsampling;
        inputs["subsampling"] = array(&[1, 2], [h as f32, v as f32]);
    }
    json!({"model": model, "inputs": inputs, "restored": unsigned(x0)})
}

/// Writes the files of `network`, and returns what ONNX Runtime must make of them.
fn cases(folder: &Path, network: &str, with_noise: bool) -> Vec<Value> {
    let prior = prior(network);
    let mut cases = Vec::new();
    let sizes = [(96, 64), (40, 72)];
    let tables = [(12, (2, 2)), (85, (1, 1)), (60, (2, 1))];
    for (index, (quality, subsampling)) in tables.into_iter().enumerate() {
        let size = sizes[index % 2];
        let (bytes, hint) = hint(picture(size, 3), quality, subsampling);
        std::fs::write(folder.join("tables.jpg"), bytes).unwrap();
        let noisy = picture(size, 5);
        let (sigma, noisy) = match with_noise {
            true => (SIGMA, Some(&noisy)),
            false => (ONE_CALL_SIGMA, None),
        };
        let x0 = prior.denoise(noisy.unwrap_or(&hint.decoded), sigma, Some(&hint));
        let x0 = x0.unwrap();
        assert!(change(&x0, &hint.decoded) > 0.02, "{network} does nothing");
        for given in [false, true] {
            let file = format!("{network}-{with_noise}-{index}-{given}.onnx");
            let mut arguments = vec![network, "--onnx", &file];
            if given {
                arguments.extend(["--tables-of", "tables.jpg"]);
            }
            if with_noise {
                arguments.push("--with-noise");
            }
            export(folder, &arguments);
            cases.push(case(&folder.join(file), noisy, &hint, given, &x0));
        }
    }
    cases
}

/// The sums are in another order: 1e-4 of the range is the most that is allowed.
#[test]
#[ignore = "needs ONNX Runtime, which scripts/check_onnx.py fetches from PyPI: scripts/test.sh onnx"]
fn onnx_runtime_computes_what_the_engine_computes() {
    let folder = tempfile::tempdir().unwrap();
    let forms = [("lean", false), ("nano", false), ("lean", true)];
    let cases: Vec<Value> = forms
        .into_iter()
        .flat_map(|(network, with_noise)| cases(folder.path(), network, with_noise))
        .collect();
    let list = folder.path().join("cases.json");
    std::fs::write(&list, Value::from(cases).to_string()).unwrap();
    let script = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scripts/check_onnx.py"
    ));
    let packages = concat!(env!("CARGO_TARGET_TMPDIR"), "/onnx");
    let ran = Command::new("python3")
        .arg(script)
        .args(["--packages", packages])
        .arg(list)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    println!("{said}");
    assert!(ran.status.success(), "{said}{errors}");
}

#[test]
fn what_cannot_be_exported_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("no.jpg"), b"no").unwrap();
    let asks: [(&[&str], &[&str]); 4] = [
        (
            &["nano", "--onnx", "a.bin"],
            &["a.bin", "must end in .onnx"],
        ),
        (
            &["nano", "--onnx", "a.onnx", "--with-noise"],
            &["nano", "never saw a noisy picture"],
        ),
        (
            &["nano", "--onnx", "a.onnx", "--tables-of", "no.jpg"],
            &["no.jpg"],
        ),
        (&["none", "--onnx", "a.onnx"], &["none", "nor a file"]),
    ];
    for (arguments, words) in asks {
        let ran = command(folder.path(), &[&["export"], arguments].concat());
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{errors}");
        for word in words {
            assert!(errors.contains(word), "{word:?} is not in {errors}");
        }
        assert!(!folder.path().join("a.onnx").exists());
    }
}
