//! The checkpoints that torch wrote give the tensors that torch had.

mod checkpoint_files;

use checkpoint_files::golden::{self, CHECKPOINTS};
use checkpoint_files::load_all;
use ddrmjpeg::model::checkpoint::{Checkpoint, Container};
use ddrmjpeg::runtime::tensors::{Dtype, TensorSource};

#[test]
fn each_container_is_recognised() {
    for (name, container) in [
        ("ddpm_zip.ckpt", Container::TorchZip),
        ("ddpm_legacy.ckpt", Container::TorchLegacy),
        ("adm_zip_fp16.pt", Container::TorchZip),
    ] {
        let opened = Checkpoint::from_bytes(golden::checkpoint_bytes(name)).unwrap();
        assert_eq!(opened.container(), container);
    }
}

#[test]
fn both_ddpm_containers_hold_the_weights_bit_for_bit() {
    let wanted = golden::weights(&golden::folder(), "net_ddpm");
    assert!(wanted.len() > 100, "{} weights", wanted.len());
    for name in ["ddpm_zip.ckpt", "ddpm_legacy.ckpt"] {
        let found = load_all(golden::checkpoint_bytes(name)).unwrap();
        assert!(found.keys().eq(wanted.keys()), "{name}: other names");
        for (key, tensor) in &found {
            assert_eq!(tensor.info, wanted[key].info, "{name}: {key}");
            assert_eq!(tensor.bytes, wanted[key].bytes, "{name}: {key}");
        }
    }
}

#[test]
fn the_half_precision_zip_holds_the_weights_rounded() {
    let wanted = golden::weights(&golden::folder(), "net_adm_legacy_attention");
    let found = load_all(golden::checkpoint_bytes("adm_zip_fp16.pt")).unwrap();
    assert!(found.keys().eq(wanted.keys()), "other names");
    for (key, tensor) in &found {
        assert_eq!(tensor.info.dtype, Dtype::F16, "{key}");
        assert_eq!(tensor.info.shape, wanted[key].info.shape, "{key}");
        // Both round to nearest, ties to even: no tolerance.
        assert_eq!(tensor.bytes[..], golden::as_f16(&wanted[key])[..], "{key}");
    }
}

#[test]
fn elements_of_a_whole_tensor_are_borrowed() {
    let opened = Checkpoint::from_bytes(golden::checkpoint_bytes("ddpm_zip.ckpt")).unwrap();
    for name in opened.names() {
        let read = opened.read(&name).unwrap();
        assert!(
            matches!(read.bytes, std::borrow::Cow::Borrowed(_)),
            "{name} was copied"
        );
    }
}

#[test]
#[ignore = "writes tests/data/golden/checkpoints/*.recipe from the folder DDRMJPEG_GOLDEN"]
fn write_recipes() {
    for (name, net) in CHECKPOINTS {
        let dtype = if name.contains("fp16") {
            Dtype::F16
        } else {
            Dtype::F32
        };
        let weights = golden::weights(&golden::folder(), net);
        let recipe = golden::recipe(&golden::checkpoint_bytes(name), &weights, dtype);
        let path = golden::own_folder()
            .join("checkpoints")
            .join(format!("{name}.recipe"));
        std::fs::write(path, recipe).unwrap();
    }
}
