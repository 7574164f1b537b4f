//! Checkpoints of any bytes: opened and read to the end, or refused.

#![no_main]

#[path = "../../tests/checkpoint_files/mod.rs"]
mod checkpoint_files;

use ddrmjpeg::model::checkpoint;

libfuzzer_sys::fuzz_target!(
    init: ddrmjpeg_fuzz::write_seeds(checkpoint_files::sound::sound),
    |bytes: &[u8]| {
        if let Ok(source) = checkpoint::from_bytes(bytes.to_vec()) {
            for name in source.names() {
                drop(source.read(&name));
            }
        }
    }
);
