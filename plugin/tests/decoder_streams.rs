//! Streams as cameras and files have them: tables that change or are missing, fields, frames
//! that are damaged or none at all, bytes that nobody has parsed.

mod common;

use common::decoder::{Decoder, Out, planes_of};
use common::{jpegs, stat};
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};

fn restored(bytes: &[u8]) -> Vec<Vec<u8>> {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    let restored = core.restore_jpeg(bytes, &options, Control::default());
    planes_of(&restored.unwrap().frame)
}

fn size(out: &Out) -> (u32, u32) {
    (out.info.width(), out.info.height())
}

#[test]
fn tables_may_change_from_frame_to_frame() {
    let mut decoder = Decoder::framed("RGB");
    for quality in [10, 90, 45, 45, 71] {
        let bytes = jpegs::colour((40, 24), (2, 1), quality);
        assert_eq!(decoder.decode(&bytes).planes(), restored(&bytes));
    }
    let bytes = jpegs::odd_tables((40, 24), (2, 1));
    assert_eq!(decoder.decode(&bytes).planes(), restored(&bytes));
}

#[test]
fn missing_huffman_tables_are_the_standard_ones() {
    let whole = jpegs::colour((40, 24), (2, 1), 60);
    let bare = jpegs::without_huffman_tables(&whole);
    assert!(bare.len() + 400 < whole.len());
    let mut decoder = Decoder::framed("RGB");
    assert_eq!(decoder.decode(&bare).planes(), restored(&whole));
}

#[test]
fn a_change_of_size_is_a_change_of_caps() {
    let mut decoder = Decoder::framed("I420");
    for wanted in [(16, 16), (40, 24), (17, 9), (16, 16)] {
        let bytes = jpegs::colour((wanted.0 as usize, wanted.1 as usize), (2, 2), 50);
        assert_eq!(size(&decoder.decode(&bytes)), wanted);
    }
}

/// Rows of `planes` from `first` on, every second.
fn every_second(plane: &[u8], width: usize, first: usize) -> Vec<u8> {
    let rows = plane.chunks_exact(width).skip(first).step_by(2);
    rows.flatten().copied().collect()
}

#[test]
fn fields_are_restored_on_their_own_grids_and_woven() {
    let fields = [
        jpegs::frame((40, 13), (2, 1), 30, 0),
        jpegs::frame((40, 13), (2, 1), 50, 3),
    ];
    for (polarity, order) in [([1, 2], "top-field-first"), ([2, 1], "bottom-field-first")] {
        let parts = [0, 1].map(|i| jpegs::as_field(&fields[i], polarity[i]));
        let mut decoder = Decoder::framed("RGB");
        let out = decoder.decode(&[&parts[0][..], &[0, 0], &parts[1]].concat());
        assert_eq!(size(&out), (40, 26));
        let caps = out.info.to_caps().unwrap().to_string();
        assert!(
            caps.contains("interleaved") && caps.contains(order),
            "{caps}"
        );
        for (i, field) in fields.iter().enumerate() {
            let alone = restored(field);
            for (c, plane) in out.planes().iter().enumerate() {
                let row = usize::from(polarity[i] - 1);
                assert!(every_second(plane, 40, row) == alone[c], "{order} {i} {c}");
            }
        }
    }
}

/// Not every writer of interlaced MJPEG says AVI1; jpegdec goes by the caps too.
#[test]
fn two_pictures_of_half_the_height_of_the_caps_are_fields() {
    let field = jpegs::colour((40, 12), (2, 1), 30);
    let caps = "image/jpeg,width=40,height=23,framerate=25/1";
    let mut decoder = Decoder::new(caps, "Y42B");
    let out = decoder.decode(&[&field[..], &field].concat());
    assert_eq!(size(&out), (40, 23));
    let planes = out.planes();
    assert_eq!(
        every_second(&planes[0], 40, 0)[..11 * 40],
        every_second(&planes[0], 40, 1)
    );
}

#[test]
fn a_field_that_cannot_be_read_is_made_up_for_and_the_frame_is_corrupted() {
    let field = jpegs::colour((40, 12), (2, 1), 30);
    let (top, bottom) = (jpegs::as_field(&field, 1), jpegs::as_field(&field, 2));
    let mut decoder = Decoder::framed("RGB");
    let out = decoder.decode(&[&top[..], &bottom[..60]].concat());
    assert_eq!(size(&out), (40, 24));
    assert!(out.is_corrupted());
}

#[test]
fn a_lone_field_is_a_frame_of_its_own() {
    let field = jpegs::as_field(&jpegs::colour((40, 12), (2, 1), 30), 1);
    let mut decoder = Decoder::framed("RGB");
    let out = decoder.decode(&field);
    assert_eq!(size(&out), (40, 12));
    assert!(!out.is_corrupted());
}

#[test]
fn what_a_cut_frame_holds_is_kept_and_marked_and_the_stream_goes_on() {
    let whole = jpegs::colour((64, 96), (2, 2), 90);
    let mut decoder = Decoder::framed("RGB");
    let cut = decoder.decode(&whole[..whole.len() / 2]);
    assert!(cut.is_corrupted());
    let next = decoder.decode(&whole);
    assert!(!next.is_corrupted());
    assert_eq!(next.planes(), restored(&whole));
    // The identity prior looks at nothing around a pixel, but chroma is smoothed across one
    // row of blocks: the first row of MCUs is the whole file's, all but its last row.
    let (cut, next) = (cut.planes(), next.planes());
    assert_eq!(cut[0][..15 * 64], next[0][..15 * 64]);
    assert_ne!(cut[0][80 * 64..], next[0][80 * 64..]);
    assert_eq!(stat(&decoder.element, "corrupted"), 1);
    assert_eq!(stat(&decoder.element, "restored"), 2);
    let warnings = decoder.texts(gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("Premature end"), "{warnings:?}");
}

/// Cameras cut frames short and still end them with a marker.
#[test]
fn a_short_frame_with_an_end_is_corrupted_too() {
    let whole = jpegs::colour((64, 96), (2, 1), 90);
    let short = [&whole[..whole.len() / 2], &[0xFF, 0xD9]].concat();
    let mut decoder = Decoder::framed("RGB");
    assert!(decoder.decode(&short).is_corrupted());
    assert_eq!(stat(&decoder.element, "corrupted"), 1);
}

/// Cameras fill up frames with zeros behind the picture: nothing is missing.
#[test]
fn padding_behind_a_frame_is_no_damage() {
    let whole = jpegs::colour((64, 32), (2, 1), 30);
    let mut decoder = Decoder::framed("RGB");
    let out = decoder.decode(&[&whole[..], &[0; 500]].concat());
    assert!(!out.is_corrupted());
    assert_eq!(out.planes(), restored(&whole));
}

/// Some webcams put a few bytes before a restart marker in nearly every frame.
#[test]
fn bytes_before_restart_markers_are_no_damage() {
    let whole = include_bytes!("../../tests/data/restart_markers.jpg");
    let mut stray = Vec::new();
    for (i, &byte) in whole.iter().enumerate() {
        let next = whole.get(i + 1).copied().unwrap_or_default();
        if byte == 0xFF && (0xD0..=0xD7).contains(&next) {
            stray.extend([0x5A, 0x11, 0x80]);
        }
        stray.push(byte);
    }
    assert_eq!(stray.len(), whole.len() + 5 * 3);
    let mut decoder = Decoder::with(
        &[("model", "identity"), ("discard-corrupted-frames", "true")],
        "image/jpeg,framerate=25/1",
        "RGB",
    );
    for _ in 0..3 {
        let out = decoder.decode(&stray);
        assert!(!out.is_corrupted());
        assert_eq!(out.planes(), restored(whole));
    }
    assert_eq!(stat(&decoder.element, "corrupted"), 0);
    assert_eq!(decoder.texts(gst::MessageType::Warning), [""; 0]);
}

/// A progressive frame that ends early is restored from what it holds, and marked: some of it is
/// not what the encoder wrote.
#[test]
fn an_incomplete_progressive_frame_is_restored_and_corrupted() {
    let whole = jpegs::progressive((64, 48), 80);
    let mut decoder = Decoder::framed("RGB");
    let cut = &whole[..whole.len() * 2 / 3];
    let out = decoder.decode(cut);
    assert!(out.is_corrupted());
    assert_eq!(out.planes(), restored(cut));
    assert_eq!(stat(&decoder.element, "restored"), 1);
    assert!(!decoder.decode(&whole[..whole.len() - 2]).is_corrupted());
}

#[test]
fn what_is_no_jpeg_is_dropped_and_told_and_the_stream_goes_on() {
    let good = jpegs::colour((16, 16), (2, 2), 50);
    let mut decoder = Decoder::with(
        &[("model", "identity"), ("max-errors", "-1")],
        "image/jpeg,framerate=25/1",
        "I420",
    );
    for bytes in [&b"no JPEG"[..], &b"no JPEG"[..], &good[..40], &[]] {
        decoder.push(bytes).unwrap();
        assert!(decoder.pull().is_none());
    }
    decoder.decode(&good);
    assert_eq!(stat(&decoder.element, "errors"), 4);
    let warnings = decoder.texts(gst::MessageType::Warning);
    assert!(warnings.len() >= 2 && warnings.len() <= 3, "{warnings:?}");
    assert!(warnings[0].contains("not a JPEG"), "{warnings:?}");
    assert_eq!(decoder.texts(gst::MessageType::Error), [""; 0]);
}

#[test]
fn more_errors_than_allowed_end_the_stream_with_an_error() {
    let mut decoder = Decoder::with(
        &[("model", "identity"), ("max-errors", "3")],
        "image/jpeg,framerate=25/1",
        "I420",
    );
    let flows: Vec<_> = (0..5).map(|_| decoder.push(b"no JPEG")).collect();
    let first = flows
        .iter()
        .position(|flow| *flow == Err(gst::FlowError::Error));
    // The base class fails "after" so many; the third or the fourth, by its version.
    assert!(matches!(first, Some(2 | 3)), "{flows:?}");
    let errors = decoder.texts(gst::MessageType::Error);
    assert!(errors[0].contains("not a JPEG"), "{errors:?}");
}

/// As `--max-megapixels` of the command. The stream goes on.
#[test]
fn frames_of_more_megapixels_than_allowed_are_dropped_and_told() {
    let (small, large) = ((24, 16), (1250, 808));
    let large = jpegs::grey(large, 5);
    for (limit, fate) in [("1", (1, 1)), ("2", (0, 2))] {
        let mut decoder = Decoder::with(
            &[
                ("model", "identity"),
                ("max-megapixels", limit),
                ("strength", "0"),
            ],
            "image/jpeg,framerate=25/1",
            "GRAY8",
        );
        decoder.push(&large).unwrap();
        decoder.push(&jpegs::grey(small, 50)).unwrap();
        let out = std::iter::from_fn(|| decoder.pull()).count() as u64;
        assert_eq!((stat(&decoder.element, "errors"), out), fate, "{limit}");
        let warnings = decoder.texts(gst::MessageType::Warning);
        assert_eq!(warnings.len() as u64, fate.0, "{warnings:?}");
        for word in [
            "1250 x 808",
            "1010000",
            "limit is 1000000",
            "max-megapixels",
        ] {
            let said = warnings.iter().all(|warning| warning.contains(word));
            assert!(said, "{warnings:?}");
        }
    }
}

/// What comes out of bytes that come in parts of `part`.
fn from_bytes(stream: &[u8], part: usize) -> Vec<Out> {
    let mut decoder = Decoder::new("image/jpeg", "RGB");
    let mut out = Vec::new();
    for bytes in stream.chunks(part) {
        decoder.push(bytes).unwrap();
        out.extend(std::iter::from_fn(|| decoder.pull()));
    }
    decoder.harness.push_event(gst::event::Eos::new());
    out.extend(std::iter::from_fn(|| decoder.pull()));
    out
}

#[test]
fn unparsed_bytes_are_cut_into_frames() {
    let frames: Vec<Vec<u8>> = (0..4)
        .map(|phase| jpegs::frame((48, 32), (2, 1), 90, phase))
        .collect();
    let cut = &frames[1][..frames[1].len() - 40];
    let stream = [
        b"junk",
        &frames[0][..],
        cut,
        &frames[2],
        &[0, 0xFF, 9],
        &frames[3],
    ]
    .concat();
    for part in [7, 100, 4096, stream.len()] {
        let out = from_bytes(&stream, part);
        assert_eq!(out.len(), 4, "in parts of {part}");
        let corrupted: Vec<bool> = out.iter().map(Out::is_corrupted).collect();
        assert_eq!(corrupted, [false, true, false, false]);
        for i in [0, 2, 3] {
            assert_eq!(
                out[i].planes(),
                restored(&frames[i]),
                "frame {i}, parts of {part}"
            );
        }
    }
}

#[test]
fn fields_in_an_unparsed_stream_are_paired() {
    let field = jpegs::colour((40, 16), (2, 1), 90);
    let pair = [jpegs::as_field(&field, 1), jpegs::as_field(&field, 2)].concat();
    let out = from_bytes(&[&pair[..], &pair, &pair[..pair.len() / 2]].concat(), 50);
    let sizes: Vec<_> = out.iter().map(size).collect();
    assert_eq!(sizes, [(40, 32), (40, 32), (40, 16)]);
}

#[test]
fn a_flush_forgets_half_a_frame() {
    let bytes = jpegs::colour((24, 16), (2, 1), 90);
    let mut decoder = Decoder::new("image/jpeg", "RGB");
    decoder.push(&bytes[..bytes.len() / 2]).unwrap();
    decoder.harness.push_event(gst::event::FlushStart::new());
    decoder.harness.push_event(gst::event::FlushStop::new(true));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    decoder
        .harness
        .push_event(gst::event::Segment::new(&segment));
    assert_eq!(decoder.decode(&bytes).planes(), restored(&bytes));
    assert!(decoder.pull().is_none());
}
