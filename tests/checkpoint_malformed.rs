//! Malformed checkpoints are refused with a message that says why, and never with a panic.

mod checkpoint_files;

use std::path::Path;

use checkpoint_files::archive::{legacy, safetensors, small_zip, zip};
use checkpoint_files::pickle::{dict, legacy_storage, tensor, vector};
use checkpoint_files::{archive, f32_bytes, load_all, malformed};
use ddrmjpeg::Error;
use ddrmjpeg::model::checkpoint;

#[test]
fn every_malformed_checkpoint_is_refused_with_its_reason() {
    let cases = malformed::cases();
    assert!(cases.len() > 100, "{} cases", cases.len());
    let faults: Vec<_> = cases.into_iter().filter_map(misjudged).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with the way a case was refused, if anything.
fn misjudged((name, bytes, wanted): malformed::Case) -> Option<String> {
    match load_all(bytes) {
        // The limit is for a terminal: a message is not the place for a file's contents.
        Err(Error::Checkpoint(message)) if message.contains(wanted) && message.len() < 600 => None,
        Err(other) => Some(format!("{name}: wanted {wanted:?}, got: {other}")),
        Ok(_) => Some(format!("{name}: was read")),
    }
}

/// A small sound file of each container.
fn sound() -> [Vec<u8>; 4] {
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let old = tensor(legacy_storage("FloatStorage", "k", 2, None), 0, &[2], &[1]);
    let entries = archive::torch_entries(
        &dict(&[("w", vector("0", 2))]),
        &[("0", f32_bytes(&[1.0, 2.0]))],
    );
    [
        safetensors(header, &f32_bytes(&[1.0, 2.0])),
        small_zip(&dict(&[("w", vector("0", 2))]), &[1.0, 2.0]),
        zip(&entries, true),
        legacy(&dict(&[("w", old)]), &[("k", 2, f32_bytes(&[1.0, 2.0]))]),
    ]
}

#[test]
fn files_cut_anywhere_are_refused() {
    for whole in sound() {
        assert!(load_all(whole.clone()).is_ok());
        for length in 0..whole.len() {
            let cut = load_all(whole[..length].to_vec());
            assert!(
                matches!(cut, Err(Error::Checkpoint(_))),
                "{length} of {}: {cut:?}",
                whole.len()
            );
        }
    }
}

#[test]
fn paths_without_a_model_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    for (path, wanted) in [
        (
            at("photo.ckpt", b"\xff\xd8\xff\xe0"),
            "it looks like a JPEG picture",
        ),
        (at("empty.pt", b""), "is empty"),
        (
            at("notes.safetensors", b"channels: 64\n"),
            "it looks like a text file",
        ),
        (folder.path().to_path_buf(), "is a folder"),
        (Path::new("/dev/null").to_path_buf(), "not a regular file"),
    ] {
        let Err(Error::Checkpoint(message)) = checkpoint::open(&path) else {
            panic!("{} opens", path.display());
        };
        assert!(
            message.contains(wanted) && message.contains(&path.display().to_string()),
            "{message}"
        );
    }
}

#[test]
fn a_missing_file_is_an_io_error() {
    let missing = checkpoint::open(Path::new("/nowhere/model.pt"));
    let Err(Error::Io { path, source }) = missing else {
        panic!("opens");
    };
    assert_eq!(path, Path::new("/nowhere/model.pt"));
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
}
