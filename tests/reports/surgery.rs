//! Changes to the bytes of a file.

pub fn segment(code: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xFF, code][..], &length, payload].concat()
}

/// Where the first marker with this code is.
pub fn place(file: &[u8], code: u8) -> usize {
    let found = file.windows(2).position(|pair| pair == [0xFF, code]);
    found.expect("the marker")
}

pub fn with(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

/// `bytes` directly after the start of the image.
pub fn after_start(file: &[u8], bytes: &[u8]) -> Vec<u8> {
    with(file, 2, bytes)
}

/// `bytes` directly before the marker with this code.
pub fn before(file: &[u8], code: u8, bytes: &[u8]) -> Vec<u8> {
    with(file, place(file, code), bytes)
}

pub fn without(file: &[u8], part: &[u8]) -> Vec<u8> {
    let at = file.windows(part.len()).position(|window| window == part);
    let at = at.expect("the part");
    [&file[..at], &file[at + part.len()..]].concat()
}

/// A file without its end-of-image marker.
pub fn body(file: &[u8]) -> &[u8] {
    file.strip_suffix(&[0xFF, 0xD9]).expect("an end")
}

/// Where the codes of the restart markers are.
pub fn restarts(file: &[u8]) -> Vec<usize> {
    let scan = place(file, 0xDA);
    let is_restart = |at: &usize| file[*at - 1] == 0xFF && matches!(file[*at], 0xD0..=0xD7);
    (scan + 3..file.len()).filter(is_restart).collect()
}
