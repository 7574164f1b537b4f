//! Markers and identifiers that say what the components mean, or contradict each other.

use ddrmjpeg::frame::PixelModel;

use crate::coder::{Picture, adobe, jfif};
use crate::{assert_shown_as_by_libjpeg, assert_whole, read};

#[test]
fn colours_of_three_components() {
    let none = Vec::new;
    let both = || [jfif(), adobe(0)].concat();
    let kinds = [
        ("named R, G, B", b"RGB", none(), PixelModel::Rgb),
        ("named R, G, B in JFIF", b"RGB", jfif(), PixelModel::YCbCr),
        (
            "named R, G, B, Adobe's YCbCr",
            b"RGB",
            adobe(1),
            PixelModel::YCbCr,
        ),
        (
            "Adobe's RGB, named 1, 2, 3",
            b"\x01\x02\x03",
            adobe(0),
            PixelModel::Rgb,
        ),
        (
            "JFIF and Adobe's RGB",
            b"\x01\x02\x03",
            both(),
            PixelModel::YCbCr,
        ),
        (
            "Adobe's YCCK of three",
            b"\x01\x02\x03",
            adobe(2),
            PixelModel::YCbCr,
        ),
        ("named 0, 1, 2", b"\0\x01\x02", none(), PixelModel::YCbCr),
        ("named anything", b"\x22\x23\xFF", none(), PixelModel::YCbCr),
        (
            "all named alike",
            b"\x01\x01\x01",
            jfif(),
            PixelModel::YCbCr,
        ),
    ];
    for (kind, ids, head, model) in kinds {
        let picture = Picture::new(&[(1, 1); 3]).with_ids(ids).with_head(head);
        let file = picture.bytes();
        assert_whole(kind, &file, &picture.levels());
        assert_eq!(read(&file).model, model, "{kind}");
        assert_shown_as_by_libjpeg(kind, &file);
    }
}

#[test]
fn colours_of_four_components() {
    let ids = [b"\x01\x02\x03\x04", b"CMYK"];
    for (head, is_ycck) in [
        (Vec::new(), false),
        (adobe(0), false),
        (adobe(2), true),
        (adobe(1), true),
    ] {
        for ids in ids {
            let picture = Picture::new(&[(1, 1); 4])
                .with_ids(ids)
                .with_head(head.clone());
            let file = picture.bytes();
            assert_whole("four", &file, &picture.levels());
            assert_eq!(read(&file).ink.expect("ink").is_ycck, is_ycck);
            assert_shown_as_by_libjpeg("four", &file);
        }
    }
}
