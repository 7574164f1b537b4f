//! Boxes of ISO 14496-12, of which AVIF and JPEG XL files are made.

/// A box: its size, its kind, and what is in it.
pub fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(size + 8);
    match u32::try_from(size) {
        Ok(size) => {
            out.extend(size.to_be_bytes());
            out.extend(kind);
        }
        Err(_) => {
            out.extend(1u32.to_be_bytes());
            out.extend(kind);
            out.extend((size as u64 + 8).to_be_bytes());
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A box that begins with a version, and flags of 0.
pub fn full_box(kind: &[u8; 4], version: u8, parts: &[&[u8]]) -> Vec<u8> {
    let head = [version, 0, 0, 0];
    let head: &[&[u8]] = &[&head];
    boxed(kind, &[head, parts].concat())
}
