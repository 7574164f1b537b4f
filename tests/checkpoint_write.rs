//! What the writer writes is read back, and a failure leaves what was there.

mod checkpoint_files;

use std::collections::BTreeMap;
use std::path::Path;

use checkpoint_files::{Tensors, f32_values, golden, read_all};
use ddrmjpeg::Error;
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::runtime::tensors::{Dtype, HostTensor, TensorInfo};

fn metadata() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("sigma_data".to_owned(), "0.5".to_owned()),
        ("note".to_owned(), "a \"b\"\n\u{1}é".to_owned()),
    ])
}

fn some() -> Tensors {
    let mut tensors = Tensors::default()
        .with("b.weight", &[2, 3], &[0.1, -2.0, 3.5, 0.0, 1e-3, 65504.0])
        .with("a \"quoted\"", &[], &[7.0])
        .with("empty", &[0, 4], &[]);
    let info = TensorInfo {
        dtype: Dtype::I64,
        shape: vec![1],
    };
    tensors.0.insert(
        "counter".to_owned(),
        HostTensor {
            info,
            bytes: 5i64.to_le_bytes().to_vec().into(),
        },
    );
    tensors
}

#[test]
fn tensors_and_text_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write_safetensors(&path, &some(), &metadata(), StoreAs::Keep).unwrap();
    let opened = checkpoint::open(&path).unwrap();
    assert_eq!(*opened.metadata(), metadata());
    let (read, wanted) = (read_all(&*opened).unwrap(), some().0);
    assert!(read.keys().eq(wanted.keys()));
    for (name, tensor) in &read {
        assert_eq!(tensor.info, wanted[name].info, "{name}");
        assert_eq!(tensor.bytes, wanted[name].bytes, "{name}");
    }
}

#[test]
fn the_same_tensors_give_the_same_file_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str| {
        let path = folder.path().join(name);
        write_safetensors(&path, &some(), &metadata(), StoreAs::F16).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(written("1"), written("2"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn conversion_rounds_and_leaves_counters_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    for (store, dtype) in [
        (StoreAs::F16, Dtype::F16),
        (StoreAs::Bf16, Dtype::Bf16),
        (StoreAs::F32, Dtype::F32),
    ] {
        write_safetensors(&path, &some(), &BTreeMap::new(), store).unwrap();
        let read = read_all(&*checkpoint::open(&path).unwrap()).unwrap();
        assert_eq!(read["b.weight"].info.dtype, dtype);
        assert_eq!(read["counter"].info.dtype, Dtype::I64);
        assert_eq!(read["counter"].bytes[..], 5i64.to_le_bytes());
    }
}

#[test]
fn a_torch_checkpoint_converts_to_half_precision_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (half, single) = (folder.path().join("half"), folder.path().join("single"));
    let source = checkpoint::from_bytes(golden::checkpoint_bytes("ddpm_legacy.ckpt")).unwrap();
    write_safetensors(&half, &*source, &BTreeMap::new(), StoreAs::F16).unwrap();
    write_safetensors(
        &single,
        &*checkpoint::open(&half).unwrap(),
        &BTreeMap::new(),
        StoreAs::F32,
    )
    .unwrap();
    let read = read_all(&*checkpoint::open(&single).unwrap()).unwrap();
    for (name, wanted) in golden::weights(&golden::folder(), "net_ddpm") {
        for (found, wanted) in f32_values(&read[&name])
            .into_iter()
            .zip(f32_values(&wanted))
        {
            // Half precision: 11 significant bits, and steps of 2^-24 near 0.
            let tolerance = wanted.abs() * 2f32.powi(-11) + 2f32.powi(-25);
            assert!(
                (found - wanted).abs() <= tolerance,
                "{name}: {found}, wanted {wanted}"
            );
        }
    }
}

#[test]
fn a_failure_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, "old").unwrap();
    let large = Tensors::default()
        .with("a", &[1], &[1.0])
        .with("w", &[2], &[1.0, 1e6]);
    let failed = write_safetensors(&path, &large, &BTreeMap::new(), StoreAs::F16).unwrap_err();
    assert!(matches!(failed, Error::Checkpoint(_)));
    assert!(
        failed
            .to_string()
            .contains("tensor w as F16 holds inf at element 1"),
        "{failed}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_an_io_error() {
    let failed = write_safetensors(
        Path::new("/nowhere/m"),
        &some(),
        &BTreeMap::new(),
        StoreAs::Keep,
    );
    assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
}

#[test]
fn the_reserved_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = Tensors::default().with("__metadata__", &[1], &[1.0]);
    let failed = write_safetensors(
        &folder.path().join("m"),
        &tensors,
        &BTreeMap::new(),
        StoreAs::Keep,
    );
    assert!(failed.unwrap_err().to_string().contains("__metadata__"));
}

#[test]
#[cfg(unix)]
fn a_model_may_be_read_by_whom_any_new_file_may() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (model, plain) = (folder.path().join("m"), folder.path().join("plain"));
    write_safetensors(&model, &some(), &BTreeMap::new(), StoreAs::Keep).unwrap();
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&model), mode(&plain));
}
