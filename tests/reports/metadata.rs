//! Profiles in pieces, and orientations.

use crate::coder::Picture;
use crate::read;
use crate::surgery::{after_start, segment};

fn file(segments: &[u8]) -> Vec<u8> {
    after_start(&Picture::new(&[(1, 1); 3]).bytes(), segments)
}

fn piece(number: u8, count: u8) -> Vec<u8> {
    let bytes = [number.wrapping_mul(3); 300];
    segment(
        0xE2,
        &[b"ICC_PROFILE\0".as_slice(), &[number, count], &bytes].concat(),
    )
}

fn profile(numbers: &[u8], count: u8) -> Option<Vec<u8>> {
    let pieces: Vec<u8> = numbers.iter().flat_map(|&n| piece(n, count)).collect();
    read(&file(&pieces)).metadata.icc
}

#[test]
fn profiles_in_pieces() {
    let whole = profile(&[1, 2, 3], 3).expect("a profile");
    assert_eq!(whole.len(), 900);
    for numbers in [&[2, 1, 3][..], &[1, 2, 3, 3], &[1, 1, 2, 3]] {
        assert_eq!(profile(numbers, 3).as_ref(), Some(&whole), "{numbers:?}");
    }
    for numbers in [&[1, 3][..], &[9, 2, 3], &[1, 2, 3, 4]] {
        assert_eq!(profile(numbers, 3), None, "{numbers:?}");
    }
}

/// A directory with one entry: the orientation, of type 3 (16 bits) or 4 (32 bits).
fn exif(little: bool, kind: u16, value: u32) -> Vec<u8> {
    let word = |n: u16| {
        if little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    };
    let long = |n: u32| {
        if little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    };
    let mut out = if little {
        b"II".to_vec()
    } else {
        b"MM".to_vec()
    };
    out.extend(word(42));
    out.extend(long(8));
    out.extend([1, 0x0112, kind].into_iter().flat_map(word));
    out.extend(long(1));
    match kind {
        3 => out.extend([word(value as u16), [0; 2]].concat()),
        _ => out.extend(long(value)),
    }
    out.extend([0; 4]);
    out
}

/// An editor for telephones writes 32 bits. Other values stay as they are.
#[test]
fn orientations_of_32_bits() {
    let kept = |exif: &[u8]| {
        let segment = segment(0xE1, &[b"Exif\0\0".as_slice(), exif].concat());
        read(&file(&segment)).metadata.exif.expect("EXIF")
    };
    for little in [true, false] {
        for value in [1, 6, 8, 0, 9, 256] {
            let wanted = exif(little, 3, value);
            assert_eq!(kept(&wanted), wanted);
            assert_eq!(kept(&exif(little, 4, value)), wanted);
        }
        let large = exif(little, 4, 70_000);
        assert_eq!(kept(&large), large);
        for cut in 0..large.len() {
            assert_eq!(kept(&[&large[..cut], &[0]].concat()).len(), cut + 1);
        }
    }
}
