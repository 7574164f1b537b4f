//! A small sound file of each container, to be changed: by the mutation tests, and by the fuzzer.

use super::archive::{legacy, safetensors, small_zip, torch_entries, zip};
use super::f32_bytes;
use super::pickle::{dict, legacy_storage, list, tensor, vector};

/// safetensors, torch zip in two layouts, and torch's legacy container.
pub fn sound() -> Vec<Vec<u8>> {
    let header = r#"{"__metadata__":{"a":"b"},"v":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}"#;
    let old = |view| {
        tensor(
            legacy_storage("FloatStorage", "k", 4, view),
            0,
            &[2, 1],
            &[1, 2],
        )
    };
    let object = dict(&[
        ("epoch", list(&[vector("0", 4)])),
        ("model", dict(&[("module.w", vector("0", 4))])),
    ]);
    let data = f32_bytes(&[1.0, 2.0, 3.0, 4.0]);
    vec![
        safetensors(header, &data[..12]),
        small_zip(&object, &[1.0, 2.0, 3.0, 4.0]),
        zip(&torch_entries(&object, &[("0", data.clone())]), true),
        legacy(
            &dict(&[("w", old(None)), ("v", old(Some((1, 2))))]),
            &[("k", 4, data)],
        ),
    ]
}
