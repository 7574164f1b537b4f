//! What only streams do: tables that come once, fields of interlaced frames, headers that cameras fill
//! up, pictures that nobody can decode; through the decoder, and through the filter behind others.

mod common;

use std::sync::{Arc, Mutex};

use common::decoder::{Decoder, Out, planes_of};
use common::{Outcome, jpegs, need, pipeline, play, stat, text};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};
use gst::prelude::*;

const LIBAV: &str = "gstreamer1.0-libav";

/// What the file by itself is restored to.
fn restored(bytes: &[u8]) -> Planar8 {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    let restored = core.restore_jpeg(bytes, &options, Control::default());
    restored.unwrap().frame
}

fn size(out: &Out) -> (u32, u32) {
    (out.info.width(), out.info.height())
}

/// Pushes these buffers of `caps` through `line`; its elements, and how it ended.
fn pushed(caps: &str, buffers: &[Vec<u8>], line: &str) -> (gst::Pipeline, Outcome) {
    let pipeline = pipeline(&format!("appsrc name=a caps={caps} format=time ! {line}"));
    let outcome = push(&pipeline, buffers);
    (pipeline, outcome)
}

/// Pushes buffers into the source `a` of `pipeline` and plays it to its end.
fn push(pipeline: &gst::Pipeline, buffers: &[Vec<u8>]) -> Outcome {
    let source = pipeline.by_name("a").unwrap();
    for (n, bytes) in buffers.iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(bytes.clone());
        let time = gst::ClockTime::from_mseconds(40 * n as u64);
        buffer.get_mut().unwrap().set_pts(time);
        let flow: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
        assert_eq!(flow, gst::FlowReturn::Ok);
    }
    let flow: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    assert_eq!(flow, gst::FlowReturn::Ok);
    play(pipeline)
}

/// Pictures with tables of their own, and each once more without.
fn abbreviated() -> [(Vec<u8>, Vec<u8>); 2] {
    [30, 70].map(|quality| {
        let picture = jpegs::frame((48, 32), (2, 1), quality, usize::from(quality));
        let whole = jpegs::with_own_huffman_tables(&picture);
        let bare = jpegs::without_tables(&whole);
        assert!(bare.len() + 200 < whole.len());
        (whole, bare)
    })
}

fn flush(decoder: &mut Decoder) {
    let harness = &mut decoder.harness;
    harness.push_event(gst::event::FlushStart::new());
    harness.push_event(gst::event::FlushStop::new(true));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    harness.push_event(gst::event::Segment::new(&segment));
}

#[test]
fn tables_hold_until_others_come_a_flush_or_new_caps() {
    let properties = [("model", "identity"), ("max-errors", "-1")];
    let caps = "image/jpeg,framerate=25/1,parsed=true";
    let mut decoder = Decoder::with(&properties, caps, "RGB");
    for (whole, bare) in &abbreviated() {
        let expected = planes_of(&restored(whole));
        for bytes in [whole, bare, bare] {
            assert_eq!(decoder.decode(bytes).planes(), expected);
        }
    }
    let [(first, bare), _] = &abbreviated();
    decoder.push(&jpegs::tables_alone(first)).unwrap();
    assert!(decoder.pull().is_none());
    assert_eq!(decoder.decode(bare).planes(), planes_of(&restored(first)));
    assert_eq!(stat(&decoder.element, "errors"), 0);
    assert_eq!(stat(&decoder.element, "frames"), 7);
    let new_caps = |decoder: &mut Decoder| {
        let caps = "image/jpeg,framerate=50/1,parsed=true";
        decoder.harness.set_src_caps_str(caps);
    };
    let ways: [fn(&mut Decoder); 2] = [flush, new_caps];
    for (n, forget) in ways.into_iter().enumerate() {
        decoder.decode(first);
        forget(&mut decoder);
        decoder.push(bare).unwrap();
        assert!(decoder.pull().is_none());
        assert_eq!(stat(&decoder.element, "errors"), n as u64 + 1);
    }
}

/// The same behind other decoders, whose frames come with the header that holds for each.
#[test]
fn the_header_of_an_abbreviated_picture_has_the_tables_of_the_stream() {
    let buffers = abbreviated().map(|(whole, bare)| [whole, bare.clone(), bare]);
    let buffers = buffers.concat();
    let (pipeline, outcome) = pushed(
        "image/jpeg,width=48,height=32,framerate=25/1",
        &buffers,
        "ddrmjpegtables name=t ! jpegdec idct-method=islow ! queue \
         ! ddrmjpeg name=d model=identity ! fakesink",
    );
    assert!(outcome.error.is_none(), "{outcome:?}");
    let figure = |name: &str, figure: &str| stat(&pipeline.by_name(name).unwrap(), figure);
    assert_eq!((figure("t", "marked"), figure("t", "unread")), (6, 0));
    assert_eq!(
        (figure("d", "meta"), figure("d", "frames")),
        (6, 6),
        "{outcome:?}"
    );
}

/// What libjpeg steps over, the reader of headers steps over too.
#[test]
fn every_header_that_a_decoder_reads_is_read() {
    let plain = jpegs::colour((48, 32), (2, 2), 40);
    let avi1 = jpegs::as_field(&plain, 0);
    let junk: [&[u8]; 5] = [
        &[0xFF, 0xFF],
        &[7, 0, 9],
        &[0xFF, 1],
        &[0xFF, 0xD5],
        &[0xFF, 0, 3],
    ];
    let mut buffers: Vec<Vec<u8>> = junk
        .iter()
        .map(|junk| jpegs::with_junk(&avi1, junk))
        .collect();
    buffers.push([b"junk", &plain[..]].concat());
    let (pipeline, outcome) = pushed(
        "image/jpeg,width=48,height=32,framerate=25/1",
        &buffers,
        "ddrmjpegtables name=t ! ddrmjpegdec name=d model=identity ! fakesink",
    );
    assert!(outcome.error.is_none(), "{outcome:?}");
    let figure = |name: &str, figure: &str| stat(&pipeline.by_name(name).unwrap(), figure);
    assert_eq!(figure("d", "restored"), 6, "{outcome:?}");
    assert_eq!(
        (figure("t", "marked"), figure("t", "unread")),
        (6, 0),
        "{outcome:?}"
    );
    let stats: gst::Structure = pipeline.by_name("d").unwrap().property("stats");
    assert_eq!(
        stats.get::<&str>("encoder"),
        Ok("libjpeg"),
        "of the last, which is no AVI1"
    );
}

/// Two fields in a buffer, as AVI has them.
fn pairs(polarity: Option<[u8; 2]>) -> Vec<Vec<u8>> {
    let field = |phase: usize| jpegs::frame((96, 32), (2, 2), 40, phase);
    (0..4)
        .map(|n| {
            let fields = [field(2 * n), field(2 * n + 1)];
            match polarity {
                Some(polarity) => [0, 1]
                    .map(|i| jpegs::as_field(&fields[i], polarity[i]))
                    .concat(),
                None => fields.concat(),
            }
        })
        .collect()
}

/// An AVI of two fields a frame, behind other decoders and with every way to know its tables: each
/// field is restored on its own grid.
#[test]
fn the_filter_restores_frames_of_two_fields() {
    need("avdec_mjpeg", LIBAV);
    let caps = "image/jpeg,width=96,height=64,framerate=25/1,parsed=true";
    for polarity in [Some([1, 2]), Some([2, 1]), None] {
        for (decoder, filter, figure) in [
            ("ddrmjpegtables ! jpegdec idct-method=islow", "qf=0", "meta"),
            ("jpegdec idct-method=islow", "qf=40", "qf"),
            ("ddrmjpegtables ! avdec_mjpeg", "qf=0", "meta"),
        ] {
            let (pipeline, outcome) = pushed(
                caps,
                &pairs(polarity),
                &format!("{decoder} ! queue ! ddrmjpeg name=d model=identity {filter} ! fakesink"),
            );
            let what = format!("{polarity:?} {decoder}: {outcome:?}");
            assert!(outcome.error.is_none(), "{what}");
            let element = pipeline.by_name("d").unwrap();
            assert_eq!(stat(&element, "restored"), 4, "{what}");
            assert_eq!(stat(&element, figure), 4, "{what}");
            assert_eq!(stat(&element, "meta-refused"), 0, "{what}");
            assert_eq!(outcome.warnings, [""; 0], "{what}");
        }
    }
}

/// The bytes of the frame that `line` makes of two fields.
fn woven(line: &str) -> Vec<u8> {
    let pair = [1, 2].map(|n| jpegs::as_field(&jpegs::frame((96, 32), (2, 2), 30, n), n as u8));
    let pipeline = pipeline(&format!(
        "appsrc name=a format=time caps=image/jpeg,width=96,height=64,framerate=25/1,parsed=true \
         ! ddrmjpegtables ! jpegdec idct-method=islow ! {line}fakesink name=s signal-handoffs=true"
    ));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inside = seen.clone();
    let sink = pipeline.by_name("s").unwrap();
    sink.connect("handoff", false, move |values| {
        let buffer = values[1].get::<gst::Buffer>().unwrap();
        *inside.lock().unwrap() = buffer.map_readable().unwrap().to_vec();
        None
    });
    let outcome = push(&pipeline, &[pair.concat()]);
    assert!(outcome.error.is_none(), "{outcome:?}");
    seen.lock().unwrap().clone()
}

/// The identity model changes nothing but how samples are rounded: the rows of both fields are
/// where `jpegdec` had them.
#[test]
fn rows_of_fields_stay_where_they_are() {
    let (decoded, restored) = (woven(""), woven("ddrmjpeg model=identity ! "));
    assert_eq!(decoded.len(), restored.len());
    // Mean difference of luma in levels, between rows of these numbers.
    let mean = |other: fn(usize) -> usize| {
        let row = |bytes: &[u8], y: usize| bytes[96 * y..96 * (y + 1)].to_vec();
        let rows = (0..64).map(|y| (row(&decoded, y), row(&restored, other(y))));
        let samples = rows.flat_map(|(a, b)| a.into_iter().zip(b));
        samples.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / (64.0 * 96.0)
    };
    assert!(mean(|y| y) < 1.5, "{}", mean(|y| y));
    assert!(mean(|y| y ^ 1) > 2.0 * mean(|y| y), "{}", mean(|y| y ^ 1));
}

/// Frames of a camera that writes polarity 1 and 2 in turns into whole frames.
fn whole_with_polarity() -> Vec<Vec<u8>> {
    (0..4)
        .map(|n| jpegs::as_field(&jpegs::frame((64, 48), (2, 1), 60, n), 1 + n as u8 % 2))
        .collect()
}

#[test]
fn the_size_is_believed_before_the_polarity() {
    let stream = whole_with_polarity().concat();
    for caps in ["image/jpeg", "image/jpeg,width=64,height=48"] {
        let mut decoder = Decoder::new(caps, "RGB");
        decoder.push(&stream).unwrap();
        decoder.harness.push_event(gst::event::Eos::new());
        let out: Vec<Out> = std::iter::from_fn(|| decoder.pull()).collect();
        let sizes: Vec<_> = out.iter().map(size).collect();
        assert_eq!(sizes, [(64, 48); 4], "{caps}");
        assert_eq!(decoder.texts(gst::MessageType::Warning), [""; 0]);
    }
    // Flat whole frames look like fields: only caps tell.
    let flat = |n: u8| jpegs::as_field(&jpegs::colour((64, 16), (2, 1), 60), n);
    let mut decoder = Decoder::new("image/jpeg,width=64,height=16", "RGB");
    decoder.push(&[flat(1), flat(2)].concat()).unwrap();
    decoder.harness.push_event(gst::event::Eos::new());
    let out: Vec<Out> = std::iter::from_fn(|| decoder.pull()).collect();
    assert_eq!(out.len(), 2);
}

#[test]
fn a_camera_that_writes_polarity_is_restored_by_its_tables() {
    let (pipeline, outcome) = pushed(
        "image/jpeg,width=64,height=48,framerate=25/1",
        &whole_with_polarity(),
        "ddrmjpegtables ! jpegdec idct-method=islow ! ddrmjpeg name=d model=identity ! fakesink",
    );
    assert!(outcome.error.is_none(), "{outcome:?}");
    let element = pipeline.by_name("d").unwrap();
    assert_eq!(stat(&element, "meta"), 4, "{outcome:?}");
}

/// `jpegparse` 1.22 takes pairs apart: frames of half the height leave, and who plays them is told.
#[test]
fn fields_that_come_one_by_one_are_told_of_once() {
    let fields: Vec<Vec<u8>> = (0..6)
        .map(|n| jpegs::as_field(&jpegs::frame((96, 32), (2, 2), 40, n), 1 + n as u8 % 2))
        .collect();
    let mut decoder = Decoder::new(
        "image/jpeg,width=96,height=32,framerate=25/1,parsed=true",
        "I420",
    );
    for field in &fields {
        assert_eq!(size(&decoder.decode(field)), (96, 32));
    }
    let warnings = decoder.texts(gst::MessageType::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("one field"), "{warnings:?}");
}

/// The demuxer's buffers hold both fields. `jpegparse` 1.22 takes them apart, and the way out is
/// named; a later one may not.
#[test]
fn an_avi_of_two_fields_a_frame_needs_no_parser() {
    need("avimux", "gstreamer1.0-plugins-good");
    let folder = tempfile::tempdir().unwrap();
    for (n, pair) in pairs(Some([1, 2])).iter().enumerate() {
        std::fs::write(folder.path().join(format!("{n}.jpg")), pair).unwrap();
    }
    let inside = folder.path().to_str().unwrap();
    let path = format!("{inside}/fields.avi");
    let outcome = play(&pipeline(&format!(
        "multifilesrc location={inside}/%d.jpg start-index=0 stop-index=3 \
         caps=image/jpeg,width=96,height=64,framerate=25/1 ! avimux ! filesink location={path}"
    )));
    assert!(outcome.error.is_none(), "{outcome:?}");
    for parser in ["", "jpegparse ! "] {
        let pipeline = pipeline(&format!(
            "filesrc location={path} ! avidemux ! {parser}ddrmjpegdec name=d model=identity \
             ! fakesink name=s signal-handoffs=true"
        ));
        let heights = Arc::new(Mutex::new(Vec::new()));
        let inside = heights.clone();
        let sink = pipeline.by_name("s").unwrap();
        sink.connect("handoff", false, move |values| {
            let caps = values[2].get::<gst::Pad>().unwrap().current_caps().unwrap();
            let height = caps.structure(0).unwrap().get::<i32>("height").unwrap();
            inside.lock().unwrap().push(height);
            None
        });
        let outcome = play(&pipeline);
        assert!(outcome.error.is_none(), "{outcome:?}");
        let whole = *heights.lock().unwrap() == [64; 4];
        let told = |text: &String| text.contains("leave out jpegparse");
        let told = outcome.warnings.iter().filter(|text| told(text)).count();
        assert_eq!(told, usize::from(!whole), "{parser}{heights:?} {outcome:?}");
        assert!(whole || !parser.is_empty(), "{heights:?}");
    }
}

/// As behind jpegdec, whose base class says so.
#[test]
fn a_stream_of_which_no_frame_can_be_decoded_ends_with_an_error() {
    let lossless = jpegs::lossless(&jpegs::colour((32, 16), (2, 2), 50));
    let buffers = vec![lossless.clone(), lossless.clone(), lossless];
    let caps = "image/jpeg,width=32,height=16,framerate=25/1";
    let decoder = "ddrmjpegdec name=d model=identity max-errors=-1 ! fakesink";
    let (_, outcome) = pushed(caps, &buffers, decoder);
    let error = text(&outcome.error.expect("an error at the end"));
    assert!(
        error.contains("No frame of the stream can be decoded"),
        "{error}"
    );
    assert!(
        error.contains("Unsupported") || error.contains("not"),
        "{error}"
    );
    // One that can be decoded makes it a stream.
    let good = jpegs::colour((32, 16), (2, 2), 50);
    let (pipeline, outcome) = pushed(caps, &[&buffers[..], &[good]].concat(), decoder);
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(stat(&pipeline.by_name("d").unwrap(), "errors"), 3);
}

#[test]
fn a_stream_in_which_there_is_no_picture_ends_with_an_error() {
    let (_, outcome) = pushed(
        "image/jpeg",
        &[vec![7; 5000]],
        "ddrmjpegdec model=identity ! fakesink",
    );
    assert!(outcome.error.is_some(), "{outcome:?}");
}
