//! Streams of any bytes, cut into frames: the same cuts whatever the parts that they come in.
//!
//! The first byte is the size of the parts, the second the height of a frame.

#![no_main]

use ddrmjpeg::jpeg::segments::splitter::{FrameLength, find_start, pieces};
use ddrmjpeg_fuzz::jpegs;

/// The lengths of the frames in `stream`, pushed in parts of `part` bytes.
fn lengths(mut stream: &[u8], height: usize, part: usize) -> Vec<usize> {
    let mut found = Vec::new();
    while let Some(start) = find_start(stream) {
        stream = &stream[start..];
        let mut finder = FrameLength::of(height);
        let length = stream.chunks(part).find_map(|bytes| finder.push(bytes));
        let length = length.unwrap_or_else(|| finder.at_end());
        assert!((2..=stream.len()).contains(&length), "{length}");
        found.push(length);
        stream = &stream[length..];
    }
    found
}

fn seeds() -> Vec<Vec<u8>> {
    let with_field = |file: &[u8], polarity: u8| {
        let app0 = [0xFF, 0xE0, 0, 7, b'A', b'V', b'I', b'1', polarity];
        [&file[..2], &app0, &file[2..]].concat()
    };
    let pairs = jpegs().into_iter().map(|file| {
        let fields = [1, 2].map(|polarity| with_field(&file, polarity)).concat();
        [
            &[13, 100][..],
            &file,
            &fields,
            &file[..file.len() / 2],
            &file,
        ]
        .concat()
    });
    pairs.collect()
}

libfuzzer_sys::fuzz_target!(init: ddrmjpeg_fuzz::write_seeds(seeds), |bytes: &[u8]| {
    let &[part, height, ref stream @ ..] = bytes else {
        return;
    };
    let (part, height) = (usize::from(part) + 1, usize::from(height));
    let whole = lengths(stream, height, stream.len().max(1));
    assert_eq!(lengths(stream, height, part), whole);
    for piece in pieces(stream) {
        assert!(piece.data.starts_with(&[0xFF, 0xD8]));
        let _ = piece.field_of(height);
    }
});
