//! The dequantisation operator against numbers computed once by the published Python code.
//!
//! The fixture is taken from DDRMJPEG_GOLDEN when that is set, else from tests/data/golden.

use std::path::PathBuf;

use ddrmjpeg::degradation::Bits;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::source::dequantised::Levels;
use safetensors::SafeTensors;

fn fixture() -> Vec<u8> {
    let folder = std::env::var_os("DDRMJPEG_GOLDEN").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden")),
        PathBuf::from,
    );
    let path = folder.join("dequantization_operator.safetensors");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The tensor `name` `[N, 3, H, W]` as N pictures.
fn pictures(file: &SafeTensors<'_>, name: &str) -> Vec<Picture> {
    let view = file.tensor(name).unwrap();
    let &[_, channels, height, width] = view.shape() else {
        panic!("{name} has shape {:?}", view.shape());
    };
    let words = view.data().chunks_exact(4);
    let samples: Vec<f32> = words
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    samples
        .chunks_exact(channels * height * width)
        .map(|part| Picture::from_data(channels, width, height, part.to_vec()).unwrap())
        .collect()
}

/// The README of golden/ asks for these exactly.
#[test]
fn the_published_levels_are_reproduced_bit_for_bit() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (x, wanted) = (pictures(&file, "x"), pictures(&file, "quantized"));
    assert!(!x.is_empty());
    for (x, wanted) in x.iter().zip(&wanted) {
        let shown = Levels::of(x, Bits::PUBLISHED).at_floor();
        let wrong = shown.data.iter().zip(&wanted.data);
        let wrong = wrong.filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        assert_eq!(wrong, 0, "of {} samples", wanted.data.len());
    }
}
