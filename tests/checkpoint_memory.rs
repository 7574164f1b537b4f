//! No checkpoint costs memory that its size does not justify.
//!
//! One test, so that it has the process, whose peak it measures, to itself.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod checkpoint_files;

use std::fs::File;
use std::io::Write;

use checkpoint_files::archive::small_zip;
use checkpoint_files::pickle::{dict, text, vector};
use checkpoint_files::{archive, load_all, malformed, status_bytes};
use ddrmjpeg::model::checkpoint;

const MIB: usize = 1 << 20;

unsafe extern "C" {
    fn malloc_trim(pad: usize) -> i32;
}

/// By how much memory rises above its present level, at its peak, while `work` runs.
fn growth(work: impl FnOnce()) -> usize {
    // Else what earlier work has freed, but malloc kept, would be used first and not be seen.
    // SAFETY: malloc_trim only hands back memory that nobody has.
    unsafe { malloc_trim(0) };
    // Makes the present level the peak. Where the system declines, growth is over-estimated.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = status_bytes("VmRSS");
    work();
    status_bytes("VmHWM").saturating_sub(before)
}

/// Files just inside the limits, made to expand as far as those allow.
fn heavy() -> Vec<(&'static str, Vec<u8>)> {
    let object = |bytes: &[u8]| small_zip(bytes, &[0.0; 4]);
    let slots: Vec<u8> = (0..240_000u32)
        .flat_map(|i| [&b"]r"[..], &i.to_le_bytes()].concat())
        .collect();
    let again = b"h\x03h\x04R".repeat(160_000);
    let names: Vec<u8> = (0..30_000)
        .flat_map(|i| [text(&format!("{i:0250}")), b"h\0".to_vec()].concat())
        .collect();
    let tensors = [vector("0", 4), b"q\0".to_vec()].concat();
    let values = format!(
        r#"{{"w":{{"dtype":"F32","shape":[{}0],"data_offsets":[0,0]}}}}"#,
        "0,".repeat(490_000)
    );
    vec![
        ("Nones", object(&b"N".repeat(490_000))),
        (
            "lists in a list",
            object(&[&b"]("[..], &b"]".repeat(490_000), b"e"].concat()),
        ),
        (
            "lists in memo slots",
            object(&[&b"]("[..], &slots, b"e"].concat()),
        ),
        ("dictionaries", object(&b"}".repeat(490_000))),
        (
            "tuples of one",
            object(&[&b"N"[..], &b"\x85".repeat(490_000)].concat()),
        ),
        (
            "calls",
            object(&[&b")q\x04ccollections\nOrderedDict\nq\x03"[..], &again].concat()),
        ),
        (
            "30,000 names of 250 bytes",
            object(&[&b"}("[..], &text("t"), &tensors, &names, b"u"].concat()),
        ),
        ("header values", archive::safetensors(&values, &[])),
        (
            "sharing",
            object(&dict(&[("a", vector("0", 4)), ("b", vector("0", 4))])),
        ),
    ]
}

#[test]
fn memory_is_bounded() {
    let cases = malformed::cases()
        .into_iter()
        .map(|(name, bytes, _)| (name, bytes));
    for (name, bytes) in cases.chain(heavy()) {
        let size = bytes.len();
        let growth = growth(|| drop(load_all(bytes)));
        println!("{name}: {size} bytes cost {} KiB", growth >> 10);
        // 500,000 opcodes at some 100 bytes each: the worst that the limits allow.
        assert!(
            growth <= 64 * MIB,
            "{name}: {size} bytes cost {} MiB",
            growth / MIB
        );
    }
    large_files_do_not_stay_in_memory();
}

/// 400 MiB in 8 tensors: pages are handed back every 64 MiB, so at most that and a tensor of
/// 50 MiB are resident at once; 32 MiB are for the rest of the process.
fn large_files_do_not_stay_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    let tensor = 50 * MIB;
    let field = |i: usize| {
        let (shape, from, to) = (tensor / 4, i * tensor, (i + 1) * tensor);
        format!(r#""t{i}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{from},{to}]}}"#)
    };
    let header = format!("{{{}}}", (0..8).map(field).collect::<Vec<_>>().join(","));
    let mut file = File::create(&path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes())
        .unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + 8 * tensor) as u64)
        .unwrap();
    let growth = growth(|| {
        let opened = checkpoint::open(&path).unwrap();
        for name in opened.names() {
            assert_eq!(opened.read(&name).unwrap().bytes.len(), tensor);
        }
    });
    assert!(growth >= tensor, "nothing was mapped: {growth} bytes");
    assert!(growth <= (64 + 50 + 32) * MIB, "{} MiB", growth / MIB);
}
