//! A long stream as a UVC camera sends it: 4:2:2, no Huffman tables, tables that change, a
//! first frame cut off. Memory stays flat.

mod common;

use common::decoder::Decoder;
use common::{held_kb, jpegs, stat};

const FRAMES: usize = 1000;
const WARM: usize = 200;

/// What may come and go (3 KB were seen). A leak of 300 bytes a frame would be more; one of the
/// input 2 MB, one of the pictures 60 MB.
const ROOM_KB: u64 = 200;

#[test]
fn a_thousand_frames_of_a_camera_leave_memory_flat() {
    // Kept outside the loop, so that only the element takes memory in it.
    let frames: Vec<Vec<u8>> = (0..8)
        .map(|n| jpegs::frame((160, 96), (2, 1), 30 + 7 * n as u8, n))
        .map(|whole| jpegs::without_huffman_tables(&whole))
        .collect();
    let mut decoder = Decoder::framed("Y42B");
    let mut warm = 0;
    for n in 0..FRAMES {
        let whole = &frames[n % frames.len()];
        let bytes = if n == 0 {
            &whole[..whole.len() / 2]
        } else {
            whole
        };
        let out = decoder.decode(bytes);
        assert_eq!(out.is_corrupted(), n == 0, "frame {n}");
        if n == WARM {
            warm = held_kb();
        }
    }
    let grown = held_kb().saturating_sub(warm);
    assert!(
        grown < ROOM_KB,
        "{grown} KB more after {FRAMES} frames than after {WARM}"
    );
    assert_eq!(stat(&decoder.element, "restored"), FRAMES as u64);
    assert_eq!(stat(&decoder.element, "corrupted"), 1);
}
