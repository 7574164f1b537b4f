//! The many ways in which people save the same tensors are all read.

mod checkpoint_files;

use std::collections::BTreeMap;
use std::path::Path;

use checkpoint_files::archive::{legacy, safetensors, small_zip, torch_entries, torch_zip, zip};
use checkpoint_files::pickle::{
    dict, global, int, ints, legacy_storage, list, storage, tensor, text, tuple, vector,
};
use checkpoint_files::{f32_bytes, f32_values, load_all};
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::runtime::tensors::Dtype;

const VALUES: [f32; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];

/// The F32 tensors of a torch zip around `object`, on one storage of [`VALUES`].
fn values(object: &[u8]) -> BTreeMap<String, Vec<f32>> {
    let read = load_all(small_zip(object, &VALUES)).unwrap();
    read.iter()
        .map(|(name, tensor)| (name.clone(), f32_values(tensor)))
        .collect()
}

fn names(object: &[u8]) -> Vec<String> {
    values(object).into_keys().collect()
}

fn on_values(offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    tensor(storage("FloatStorage", "0", 6), offset, shape, strides)
}

fn weight() -> Vec<u8> {
    vector("0", 6)
}

fn optimiser() -> Vec<u8> {
    let state = [&b"}("[..], &int(0), &dict(&[("exp_avg", weight())]), b"u"].concat();
    dict(&[("state", state), ("lr", b"G\x3f\x50\0\0\0\0\0\0".to_vec())])
}

#[test]
fn training_checkpoints_give_the_model_alone() {
    let model = || dict(&[("a.weight", weight()), ("b", weight())]);
    for object in [
        model(),
        dict(&[
            ("epoch", int(3)),
            ("state_dict", model()),
            ("optimizer", optimiser()),
        ]),
        dict(&[
            ("model", model()),
            ("optimizer", optimiser()),
            ("note", text("x")),
        ]),
        dict(&[
            ("ema", model()),
            ("model_state_dict", model()),
            ("step", vector("0", 6)),
        ]),
        dict(&[("net", dict(&[("state_dict", model())]))]),
        dict(&[("anything", model()), ("epoch", int(3))]),
        list(&[
            model(),
            optimiser(),
            int(3),
            int(700),
            dict(&[("ema", weight())]),
        ]),
        tuple(&[model(), int(1)]),
        list(&[int(7), model()]),
    ] {
        assert_eq!(names(&object), ["a.weight", "b"]);
    }
}

#[test]
fn nested_parts_of_a_state_dict_get_dotted_names() {
    let inner = dict(&[("bias", weight()), ("steps", int(2))]);
    let object = dict(&[
        ("w", weight()),
        ("norm", inner),
        ("list", list(&[b"N".to_vec(), weight()])),
    ]);
    assert_eq!(names(&object), ["list.1", "norm.bias", "w"]);
}

#[test]
fn the_prefix_of_parallel_training_goes() {
    let object = dict(&[(
        "state_dict",
        dict(&[("module.a", weight()), ("module.b", weight())]),
    )]);
    assert_eq!(names(&object), ["a", "b"]);
    assert_eq!(
        names(&dict(&[("module.a", weight()), ("b", weight())])),
        ["b", "module.a"]
    );
}

#[test]
fn ordered_dictionaries_with_attributes_and_of_python_2() {
    let class = || global("collections", "OrderedDict");
    let metadata = dict(&[("_metadata", dict(&[("", dict(&[("version", int(1))]))]))]);
    let modern = [
        class(),
        b")R(".to_vec(),
        text("w"),
        weight(),
        b"u".to_vec(),
        metadata,
        b"b".to_vec(),
    ]
    .concat();
    assert_eq!(names(&modern), ["w"]);
    let pairs = list(&[
        list(&[b"U\x01v".to_vec(), weight()]),
        tuple(&[b"T\x01\0\0\0w".to_vec(), weight()]),
    ]);
    let old = [class(), tuple(&[pairs]), b"R".to_vec()].concat();
    assert_eq!(names(&old), ["v", "w"]);
}

#[test]
fn parameters_and_tensors_of_early_versions() {
    let hooks = || [global("collections", "OrderedDict"), b")R".to_vec()].concat();
    let parameter = tuple(&[weight(), b"\x88".to_vec(), hooks()]);
    let parameter = [
        global("torch._utils", "_rebuild_parameter"),
        parameter,
        b"R".to_vec(),
    ]
    .concat();
    let early = tuple(&[
        storage("FloatStorage", "0", 6),
        int(2),
        ints(&[2]),
        ints(&[1]),
    ]);
    let early = [
        global("torch._utils", "_rebuild_tensor"),
        early,
        b"R".to_vec(),
    ]
    .concat();
    let read = values(&dict(&[("p", parameter), ("e", early)]));
    assert_eq!(read["p"], VALUES);
    assert_eq!(read["e"], [2.0, 3.0]);
}

#[test]
fn shared_storages_and_strides_are_read_right() {
    let read = values(&dict(&[
        ("all", on_values(0, &[2, 3], &[3, 1])),
        ("transposed", on_values(0, &[3, 2], &[1, 3])),
        ("column", on_values(1, &[2], &[3])),
        ("row", on_values(3, &[1, 3], &[3, 1])),
        ("scalar", on_values(5, &[], &[])),
        ("empty", on_values(0, &[0, 3], &[3, 1])),
    ]));
    assert_eq!(read["all"], VALUES);
    assert_eq!(read["transposed"], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(read["column"], [1.0, 4.0]);
    assert_eq!(read["row"], [3.0, 4.0, 5.0]);
    assert_eq!(read["scalar"], [5.0]);
    assert!(read["empty"].is_empty());
}

#[test]
fn only_the_elements_of_a_tensor_must_be_finite() {
    let object = dict(&[("w", tensor(storage("FloatStorage", "0", 3), 0, &[2], &[2]))]);
    let read = load_all(small_zip(&object, &[1.0, f32::NAN, 2.0])).unwrap();
    assert_eq!(f32_values(&read["w"]), [1.0, 2.0]);
}

#[test]
fn views_of_the_legacy_container() {
    let view = legacy_storage("FloatStorage", "k", 6, Some((2, 3)));
    let object = dict(&[
        ("part", tensor(view, 1, &[2], &[1])),
        (
            "whole",
            tensor(legacy_storage("FloatStorage", "k", 6, None), 0, &[6], &[1]),
        ),
    ]);
    let read = load_all(legacy(&object, &[("k", 6, f32_bytes(&VALUES))])).unwrap();
    assert_eq!(f32_values(&read["part"]), [3.0, 4.0]);
    assert_eq!(f32_values(&read["whole"]), VALUES);
}

#[test]
fn every_element_type_is_told() {
    let kinds = [
        ("HalfStorage", Dtype::F16),
        ("BFloat16Storage", Dtype::Bf16),
        ("FloatStorage", Dtype::F32),
        ("DoubleStorage", Dtype::F64),
        ("LongStorage", Dtype::I64),
    ];
    for (kind, dtype) in kinds {
        let object = dict(&[("w", tensor(storage(kind, "0", 1), 0, &[1], &[1]))]);
        let data = vec![1; dtype.bytes()];
        let read = load_all(torch_zip(&object, &[("0", data.clone())])).unwrap();
        assert_eq!(read["w"].info.dtype, dtype);
        assert_eq!(read["w"].bytes[..], data[..]);
    }
}

#[test]
fn zip64_archives() {
    let entries = torch_entries(&dict(&[("w", weight())]), &[("0", f32_bytes(&VALUES))]);
    let read = load_all(zip(&entries, true)).unwrap();
    assert_eq!(f32_values(&read["w"]), VALUES);
}

#[test]
fn files_are_told_by_content_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, small_zip(&dict(&[("w", weight())]), &VALUES)).unwrap();
    let opened = checkpoint::open(&path).unwrap();
    assert_eq!(opened.names(), ["w"]);
    assert_eq!(f32_values(&opened.read("w").unwrap()), VALUES);
    let missing = opened.read("v").unwrap_err().to_string();
    assert!(missing.contains("tensor v is not in it"), "{missing}");
    assert!(
        missing.contains(&Path::new("model.safetensors").display().to_string()),
        "{missing}"
    );
}

#[test]
fn text_beside_the_tensors_is_handed_on() {
    let header = r#"{"__metadata__":{"channels":"[64]","sigma_data":"0.5"},"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#;
    let bytes: &'static [u8] = safetensors(header, &[0; 4]).leak();
    let opened = checkpoint::from_bytes(bytes).unwrap();
    assert_eq!(opened.metadata()["channels"], "[64]");
    assert_eq!(opened.metadata().len(), 2);
    let zip = checkpoint::from_bytes(small_zip(&dict(&[("w", weight())]), &VALUES)).unwrap();
    assert!(zip.metadata().is_empty());
}
