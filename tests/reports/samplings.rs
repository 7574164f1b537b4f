//! Sampling factors that few encoders write.

use crate::coder::Picture;
use crate::{assert_refused, assert_shown_as_by_libjpeg, assert_whole};

type Factors = [(usize, usize); 3];

const RARE: [(&str, Factors); 14] = [
    ("4:1:1 of camcorders", [(4, 1), (1, 1), (1, 1)]),
    ("three to one", [(3, 1), (1, 1), (1, 1)]),
    ("three rows to one", [(1, 3), (1, 1), (1, 1)]),
    ("four rows to one", [(1, 4), (1, 1), (1, 1)]),
    ("4:4:0", [(1, 2), (1, 1), (1, 1)]),
    ("2x4", [(2, 4), (1, 1), (1, 1)]),
    ("4:2:2 as 2x2 and 1x2", [(2, 2), (1, 2), (1, 2)]),
    ("4:4:0 as 2x2 and 2x1", [(2, 2), (2, 1), (2, 1)]),
    ("4:4:4 as 1x2", [(1, 2), (1, 2), (1, 2)]),
    ("4:4:4 as 2x1", [(2, 1), (2, 1), (2, 1)]),
    ("each chroma otherwise", [(2, 2), (1, 1), (1, 2)]),
    ("each in its own direction", [(2, 1), (1, 2), (1, 1)]),
    ("luma coarser than chroma", [(1, 1), (2, 2), (2, 2)]),
    ("luma coarser in width", [(1, 1), (2, 1), (1, 1)]),
];

#[test]
fn rare_factors() {
    for (kind, factors) in RARE {
        let picture = Picture::new(&factors);
        assert_whole(kind, &picture.bytes(), &picture.levels());
    }
    for (kind, factors) in &RARE[..5] {
        assert_shown_as_by_libjpeg(kind, &Picture::new(factors).bytes());
    }
}

#[test]
fn equal_factors_in_scans_of_their_own() {
    for factor in [2, 4] {
        let picture = Picture::new(&[(factor, factor); 3]).apart(&[0, 1, 2], 0);
        assert_whole("all alike", &picture.bytes(), &picture.levels());
        assert_shown_as_by_libjpeg("all alike", &picture.bytes());
    }
}

/// A single component is not interleaved, whatever its factors are.
#[test]
fn a_grey_picture_with_factors() {
    for (factor, interval) in [(2, 0), (2, 3), (4, 0)] {
        let picture = Picture::new(&[(factor, factor)]).with_interval(interval);
        assert_whole("grey", &picture.bytes(), &picture.levels());
        assert_shown_as_by_libjpeg("grey", &picture.bytes());
    }
}

#[test]
fn factors_that_no_decoder_takes() {
    let fractional = Picture::new(&[(3, 1), (2, 1), (1, 1)]);
    assert_refused("3 to 2", &fractional.bytes(), &["2x1 against 3x1"]);
    let large = Picture::new(&[(2, 2); 3]);
    assert_refused(
        "twelve blocks",
        &large.bytes(),
        &["too large for interleaved"],
    );
    let two = Picture::new(&[(1, 1); 2]);
    assert_refused(
        "two components",
        &two.bytes(),
        &["2 components", "1, 3 or 4"],
    );
}
