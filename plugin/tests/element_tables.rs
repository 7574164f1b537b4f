//! The element `ddrmjpegtables`, and the filter behind the decoder that uses what it says.

mod common;

use common::{Outcome, pipeline, play, stat};
use gst::prelude::*;

/// Three frames of a photograph, encoded.
fn encoded(format: &str, size: (u32, u32), quality: u32) -> String {
    let picture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/pictures/coffee.png"
    );
    format!(
        "filesrc location={picture} ! pngdec ! videoconvert ! videoscale \
         ! video/x-raw,format={format},width={},height={},pixel-aspect-ratio=1/1 \
         ! imagefreeze num-buffers=3 ! jpegenc quality={quality}",
        size.0, size.1
    )
}

/// Plays `encoded ! ddrmjpegtables ! decoder and what follows ! ddrmjpeg`; the filter's figures.
fn through(encoded: &str, between: &str, qf: u32) -> (gst::Element, Outcome) {
    let pipeline = pipeline(&format!(
        "{encoded} ! ddrmjpegtables name=t ! {between} ! ddrmjpeg name=d qf={qf} model=identity \
         ! fakesink name=s"
    ));
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{between}: {outcome:?}");
    let tables = pipeline.by_name("t").unwrap();
    assert_eq!(stat(&tables, "marked"), 3, "{between}");
    (pipeline.by_name("d").unwrap(), outcome)
}

#[test]
fn the_meta_is_used_on_every_frame_of_every_encoding() {
    for format in ["I420", "Y42B", "Y444", "NV12", "GRAY8"] {
        for size in [(96, 64), (49, 33)] {
            let source = encoded(format, size, 60);
            let between = "jpegdec idct-method=islow ! queue";
            let (filter, outcome) = through(&source, between, 0);
            assert_eq!(stat(&filter, "meta"), 3, "{format} {size:?}: {outcome:?}");
            assert_eq!(stat(&filter, "meta-refused"), 0, "{format}");
            assert_eq!(outcome.warnings, [""; 0], "{format}");
        }
    }
}

#[test]
fn the_meta_outranks_qf_and_its_quality_is_shown() {
    let (filter, _) = through(
        &encoded("I420", (96, 64), 60),
        "jpegdec idct-method=islow",
        10,
    );
    assert_eq!((stat(&filter, "meta"), stat(&filter, "qf")), (3, 0));
    let stats: gst::Structure = filter.property("stats");
    assert_eq!(stats.get::<u32>("quality").unwrap(), 60);
}

#[test]
fn what_keeps_the_pixels_keeps_the_meta() {
    let decoder = "jpegdec idct-method=islow";
    for after in [
        "queue",
        "identity",
        "videorate ! video/x-raw,framerate=30/1",
        "videobalance",
        "tee ! queue",
    ] {
        let (filter, outcome) = through(
            &encoded("I420", (96, 64), 60),
            &format!("{decoder} ! {after}"),
            0,
        );
        assert_eq!(stat(&filter, "meta"), 3, "{after}: {outcome:?}");
    }
}

/// Each of these drops the meta by its tags: the filter goes by `qf` without a word of refusal.
#[test]
fn what_moves_pixels_drops_the_meta() {
    for after in [
        "videoscale ! video/x-raw,width=80,height=48",
        "videocrop left=4 top=4",
        "videoconvert ! video/x-raw,format=Y444,colorimetry=1:4:0:0",
        "videoconvert ! video/x-raw,format=RGB",
        "videoflip video-direction=horiz",
        "videoflip video-direction=90r",
    ] {
        let between = format!("jpegdec idct-method=islow ! {after}");
        let (filter, _) = through(&encoded("I420", (96, 96), 60), &between, 60);
        assert_eq!(stat(&filter, "meta"), 0, "{after}");
        assert_eq!(stat(&filter, "meta-refused"), 0, "{after}");
        assert_eq!(stat(&filter, "qf"), 3, "{after}");
    }
}

/// These work in place and keep the meta, which no longer holds: it is refused with a warning,
/// and the filter goes on by `qf`.
#[test]
fn what_changes_pixels_in_place_is_noticed() {
    let size = (192, 128);
    for after in [
        "videobalance brightness=0.1",
        "videobalance contrast=0.8",
        "gamma gamma=1.3",
    ] {
        let between = format!("jpegdec idct-method=islow ! {after}");
        let (filter, outcome) = through(&encoded("I420", size, 60), &between, 60);
        assert_eq!(stat(&filter, "meta"), 0, "{after} {size:?}: {outcome:?}");
        assert_eq!(stat(&filter, "meta-refused"), 3, "{after} {size:?}");
        assert_eq!(stat(&filter, "qf"), 3, "{after} {size:?}");
        assert_eq!(outcome.warnings.len(), 1, "{after}: {outcome:?}");
        let said = &outcome.warnings[0];
        assert!(said.contains("tables of the stream are not used"), "{said}");
    }
}

/// Hands the meta of the frames that leave the decoder to those that leave the filter behind it,
/// as a filter would that copies every meta without a look at its tags.
fn carry_meta(pipeline: &gst::Pipeline) {
    const NAME: &str = "DdrmJpegTablesMeta";
    let said = std::sync::Arc::new(std::sync::Mutex::new(None::<gst::Structure>));
    let kept = said.clone();
    let probe = |element: &str| {
        pipeline
            .by_name(element)
            .unwrap()
            .static_pad("src")
            .unwrap()
    };
    probe("decoder").add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer().unwrap();
        let meta = gst::meta::CustomMeta::from_buffer(buffer, NAME).unwrap();
        *kept.lock().unwrap() = Some(meta.structure().to_owned());
        gst::PadProbeReturn::Ok
    });
    probe("after").add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer_mut().unwrap().make_mut();
        let said = said.lock().unwrap().take().unwrap();
        if gst::meta::CustomMeta::from_buffer(buffer, NAME).is_err() {
            let mut meta = gst::meta::CustomMeta::add(buffer, NAME).unwrap();
            for (field, value) in said.iter() {
                meta.mut_structure().set_value(field, value.clone());
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// The GStreamer that is here drops the meta when it flips; with one that does not the pixels tell how:
/// turned, a table is transposed; mirrored, the grid of a side that is no multiple of 8 begins
/// elsewhere. On sides that are, mirroring keeps the grid and the sizes of all levels.
#[test]
fn frames_that_were_turned_are_restored_by_their_meta() {
    for (direction, size, turned) in [
        ("90r", (192, 192), 3),
        ("90l", (192, 128), 3),
        ("ul-lr", (192, 192), 3),
        ("ur-ll", (196, 132), 3),
        ("horiz", (196, 128), 3),
        ("180", (196, 132), 3),
        ("vert", (192, 131), 3),
        ("horiz", (192, 128), 0),
        ("identity", (196, 132), 0),
    ] {
        let pipeline = pipeline(&format!(
            "{} ! ddrmjpegtables ! jpegdec name=decoder idct-method=islow \
             ! videoflip name=after video-direction={direction} \
             ! ddrmjpeg name=d qf=60 model=identity ! fakesink",
            encoded("I420", size, 60)
        ));
        carry_meta(&pipeline);
        let outcome = play(&pipeline);
        assert!(outcome.error.is_none(), "{direction}: {outcome:?}");
        let filter = pipeline.by_name("d").unwrap();
        let figures = ["meta", "meta-refused", "turned"].map(|name| stat(&filter, name));
        assert_eq!(figures, [3, 0, turned], "{direction} {size:?}: {outcome:?}");
        assert_eq!(outcome.warnings, [""; 0], "{direction}");
    }
}

/// The default IDCT of jpegdec is inexact. Wide steps survive it; of fine ones the levels are
/// gone, and a meta that is true is of no use.
#[test]
fn levels_that_the_decoder_lost_are_not_trusted() {
    for (quality, method, by_meta) in [
        (30, "ifast", 3),
        (50, "ifast", 3),
        (90, "ifast", 0),
        (95, "ifast", 0),
        (50, "islow", 3),
        (90, "islow", 3),
        (95, "islow", 3),
        (100, "islow", 0),
    ] {
        let source = encoded("I420", (592, 400), quality);
        let (filter, _) = through(&source, &format!("jpegdec idct-method={method}"), quality);
        let (meta, qf) = (stat(&filter, "meta"), stat(&filter, "qf"));
        assert_eq!((meta, qf), (by_meta, 3 - by_meta), "{quality} {method}");
    }
}

/// jpegdec thins out the chroma of all but 4:2:0; avdec_mjpeg keeps it, and it is used.
#[test]
fn every_decoder_of_jpeg_hands_the_meta_on() {
    common::need("avdec_mjpeg", "gstreamer1.0-libav");
    for format in ["I420", "Y42B", "Y444"] {
        let source = format!("{} ! jpegparse", encoded(format, (96, 64), 60));
        let (filter, outcome) = through(&source, "avdec_mjpeg ! queue", 0);
        assert_eq!(stat(&filter, "meta"), 3, "{format}: {outcome:?}");
        assert_eq!(outcome.warnings, [""; 0], "{format}");
    }
}

#[test]
fn the_meta_does_not_leave_the_filter() {
    let pipeline = pipeline(&format!(
        "{} ! ddrmjpegtables ! jpegdec idct-method=islow ! tee name=k \
         k. ! queue ! fakesink name=before signal-handoffs=true \
         k. ! queue ! ddrmjpeg model=identity ! fakesink name=after signal-handoffs=true",
        encoded("I420", (96, 64), 60)
    ));
    let seen = std::sync::Arc::new(std::sync::Mutex::new([0u32; 2]));
    for (side, name) in ["before", "after"].into_iter().enumerate() {
        let seen = seen.clone();
        let sink = pipeline.by_name(name).unwrap();
        sink.connect("handoff", false, move |values| {
            let buffer: gst::Buffer = values[1].get().unwrap();
            let meta = gst::meta::CustomMeta::from_buffer(&buffer, "DdrmJpegTablesMeta");
            seen.lock().unwrap()[side] += u32::from(meta.is_ok());
            None
        });
    }
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(*seen.lock().unwrap(), [3, 0]);
}

fn jpeg(quality: u32) -> Vec<u8> {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=64,height=48 \
         ! jpegenc quality={quality} ! fakesink name=s signal-handoffs=true"
    ));
    let bytes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = bytes.clone();
    let sink = pipeline.by_name("s").unwrap();
    sink.connect("handoff", false, move |values| {
        let buffer: gst::Buffer = values[1].get().unwrap();
        *kept.lock().unwrap() = buffer.map_readable().unwrap().to_vec();
        None
    });
    play(&pipeline);
    std::mem::take(&mut *bytes.lock().unwrap())
}

fn harness() -> gst_check::Harness {
    common::init();
    let mut harness = gst_check::Harness::new("ddrmjpegtables");
    harness.set_src_caps_str("image/jpeg,width=64,height=48,framerate=25/1");
    harness
}

fn is_marked(buffer: &gst::Buffer) -> bool {
    gst::meta::CustomMeta::from_buffer(buffer, "DdrmJpegTablesMeta").is_ok()
}

/// Also of a buffer that somebody else holds: the bytes stay where they are, unchanged.
#[test]
fn the_bytes_are_neither_copied_nor_changed() {
    let bytes = jpeg(50);
    let mut harness = harness();
    for shared in [false, true] {
        let buffer = gst::Buffer::from_slice(bytes.clone());
        let place = buffer.map_readable().unwrap().as_ptr();
        let held = shared.then(|| buffer.clone());
        let out = harness.push_and_pull(buffer).unwrap();
        let map = out.map_readable().unwrap();
        assert_eq!(map.as_ptr(), place, "shared: {shared}");
        assert_eq!(map.as_slice(), bytes);
        assert!(is_marked(&out));
        assert!(held.is_none_or(|held| !is_marked(&held)));
    }
}

#[test]
fn a_header_that_runs_over_several_memories_is_read_without_joining_them() {
    let bytes = jpeg(50);
    let mut harness = harness();
    let mut buffer = gst::Buffer::new();
    for part in bytes.chunks(100).take(10).map(<[u8]>::to_vec) {
        buffer
            .get_mut()
            .unwrap()
            .append_memory(gst::Memory::from_slice(part));
    }
    let memories = buffer.n_memory();
    let out = harness.push_and_pull(buffer).unwrap();
    assert!(is_marked(&out));
    assert!(memories > 1 && out.n_memory() == memories);
}

#[test]
fn what_cannot_be_read_passes_with_one_warning_and_the_stream_goes_on() {
    let bytes = jpeg(50);
    let mut harness = harness();
    let bus = gst::Bus::new();
    let element = harness.element().unwrap();
    element.set_bus(Some(&bus));
    let torn = &bytes[..50];
    for (payload, marked) in [
        (&bytes[..], true),
        (torn, false),
        (b"no JPEG", false),
        (b"", false),
        (&bytes[..], true),
        (torn, false),
    ] {
        let out = harness
            .push_and_pull(gst::Buffer::from_slice(payload.to_vec()))
            .unwrap();
        assert_eq!(out.map_readable().unwrap().as_slice(), payload);
        assert_eq!(is_marked(&out), marked, "{} bytes", payload.len());
    }
    let warnings = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Warning]));
    assert_eq!(warnings.count(), 2);
    assert_eq!((stat(&element, "marked"), stat(&element, "unread")), (2, 4));
}

/// What has as many rows as the frame is no field, whatever it says.
#[test]
fn a_field_that_has_all_rows_is_a_whole_frame() {
    let bytes = jpeg(50);
    let app0 = [0xFF, 0xE0, 0, 10, b'A', b'V', b'I', b'1', 1, 0, 0, 0];
    let field = [&bytes[..2], &app0, &bytes[2..]].concat();
    let pipeline = pipeline(
        "appsrc name=a caps=image/jpeg,width=64,height=48,framerate=25/1 format=time \
         ! ddrmjpegtables ! jpegdec idct-method=islow ! ddrmjpeg name=d qf=50 model=identity \
         ! fakesink",
    );
    let source = pipeline.by_name("a").unwrap();
    let field = gst::Buffer::from_slice(field);
    let pushed: gst::FlowReturn = source.emit_by_name("push-buffer", &[&field]);
    let ended: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    assert_eq!((pushed, ended), (gst::FlowReturn::Ok, gst::FlowReturn::Ok));
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(outcome.warnings, [""; 0]);
    let filter = pipeline.by_name("d").unwrap();
    assert_eq!(
        (stat(&filter, "meta-refused"), stat(&filter, "meta")),
        (0, 1)
    );
}

/// A frame takes microseconds: an entropy decoder, or a copy of the payload, would take
/// milliseconds for this one. Debug builds and busy machines get a hundred times the measured.
#[test]
fn a_large_frame_takes_no_time() {
    let mut bytes = jpeg(50);
    bytes.resize(64 << 20, 0);
    let mut harness = harness();
    let buffer = gst::Buffer::from_slice(bytes);
    let begun = std::time::Instant::now();
    const FRAMES: u32 = 50;
    for _ in 0..FRAMES {
        let out = harness.push_and_pull(buffer.clone()).unwrap();
        assert!(is_marked(&out));
    }
    let each = begun.elapsed() / FRAMES;
    println!("{each:?} a frame");
    assert!(each.as_micros() < 3000, "{each:?} a frame");
}
