//! Tables of quantisation and of Huffman codes.

use ddrmjpeg::jpeg;

use crate::coder::{Picture, dht, dqt, grey, steps, table};
use crate::surgery::{before, segment, without};
use crate::{assert_refused, assert_shown_as_by_libjpeg, assert_whole, read};

fn plain() -> Picture {
    Picture::new(&[(2, 2), (1, 1), (1, 1)])
}

fn with_steps(change: impl Fn(&mut [u16; 64])) -> Vec<u8> {
    let mut other = steps();
    change(&mut other);
    let file = without(&plain().bytes(), &dqt(0, &steps()));
    before(&file, 0xC0, &dqt(0, &other))
}

#[test]
fn quantisation_tables_of_16_bits_in_a_baseline_file() {
    let bytes = dqt(0, &steps())[5..]
        .iter()
        .flat_map(|&step| [0, step])
        .collect::<Vec<u8>>();
    let wide = segment(0xDB, &[&[0x10][..], &bytes].concat());
    let file = before(&without(&plain().bytes(), &dqt(0, &steps())), 0xC0, &wide);
    assert_whole("16 bits", &file, &plain().levels());
    assert_eq!(read(&file).components[0].steps, steps());
}

/// Some encoders write them at their lowest qualities. Decoders show such a coefficient as 0.
#[test]
fn quantisation_steps_of_0() {
    let zeros = [7, 40, 63];
    let file = with_steps(|steps| zeros.iter().for_each(|&at| steps[at] = 0));
    let mut wanted = plain().levels();
    for block in wanted.iter_mut().flatten() {
        zeros.iter().for_each(|&at| block[at] = 0);
    }
    assert_whole("steps of 0", &file, &wanted);
    assert_shown_as_by_libjpeg("steps of 0", &file);
    let header = jpeg::Header::read(&file).unwrap();
    assert_eq!(header.components[0].steps, read(&file).components[0].steps);
    let flat = with_steps(|steps| steps[0] = 0);
    assert_refused(
        "a DC step of 0",
        &flat,
        &["step 0 of component 0 is 0", "1..65535"],
    );
}

#[test]
fn tables_that_are_not_there() {
    let file = without(&plain().bytes(), &dqt(0, &steps()));
    assert_refused("no DQT", &file, &["Quantization table 0x00"]);
}

/// Motion JPEG leaves the standard ones out.
#[test]
fn no_huffman_tables() {
    let whole = jpeg::encode(&grey((92, 70), 0), 50, (1, 1)).unwrap();
    let mut bare = whole.clone();
    while let Some(at) = bare.windows(2).position(|pair| pair == [0xFF, 0xC4]) {
        let length = usize::from(u16::from_be_bytes([bare[at + 2], bare[at + 3]]));
        bare.drain(at..at + 2 + length);
    }
    assert!(bare.len() < whole.len());
    let levels = vec![read(&whole).components[0].levels.clone()];
    assert_whole("no DHT", &bare, &levels);
}

#[test]
fn huffman_tables_that_are_not_used() {
    let file = plain().bytes();
    let kinds = [
        ("no table", segment(0xC4, &[])),
        (
            "a table without codes",
            segment(0xC4, &[[2].as_slice(), &[0; 16]].concat()),
        ),
        (
            "tables 2 and 3",
            [table(0x02, 4, &[0, 1]), table(0x13, 4, &[0, 1])].concat(),
        ),
        ("the same again", dht()),
    ];
    for (kind, bytes) in kinds {
        assert_whole(kind, &before(&file, 0xDA, &bytes), &plain().levels());
    }
}

#[test]
fn huffman_tables_that_are_refused() {
    let file = plain().bytes();
    let fifth = before(&file, 0xDA, &table(0x04, 4, &[0]));
    assert_refused("a fifth table", &fifth, &["DHT index 4"]);
    // A code of ones only, which T.81 reserves.
    let full: Vec<u8> = (0..16u8).map(|symbol| symbol.min(11)).collect();
    let ones = before(&file, 0xDA, &table(0x00, 4, &full));
    assert_refused("a code of ones", &ones, &["Huffman table"]);
}
