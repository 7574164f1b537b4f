//! What buffers bring beside their bytes: a crop meta, memory of a device.

use std::os::fd::IntoRawFd;

use gst::prelude::*;
use gst_video::{VideoCropMeta, VideoFormat, VideoFrameFlags, VideoMeta};

use super::{harness, init, marked, share, texts};

/// A frame of 16 x 8 pixels of sevens, of which 10 x 4 are to be seen.
fn cropped() -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(vec![7u8; 128]);
    let writable = buffer.get_mut().unwrap();
    let none = VideoFrameFlags::empty();
    VideoMeta::add(writable, none, VideoFormat::Gray8, 16, 8).unwrap();
    VideoCropMeta::add(writable, (2, 1, 10, 4));
    buffer
}

fn crop(buffer: &gst::Buffer) -> Option<(u32, u32, u32, u32)> {
    buffer.meta::<VideoCropMeta>().map(|meta| meta.rect())
}

/// Caps that have the size of the frame, or of what is to be seen.
const SIZES: [(i32, i32); 2] = [(16, 8), (10, 4)];

fn grey((width, height): (i32, i32)) -> String {
    format!("video/x-raw,format=GRAY8,width={width},height={height},framerate=25/1")
}

/// The grid of blocks is that of the whole frame.
#[test]
fn a_frame_with_a_crop_meta_is_restored_whole_and_keeps_the_meta() {
    let _core = share("marks-crop", |frame, _, _| {
        assert_eq!((frame.width(), frame.height()), (16, 8));
        Ok(marked(frame))
    });
    for size in SIZES {
        let (mut harness, bus) = harness("marks-crop", &grey(size));
        let out = harness.push_and_pull(cropped()).unwrap();
        assert_eq!(
            out.map_readable().unwrap().as_slice(),
            [17; 128],
            "{size:?}"
        );
        assert_eq!(crop(&out), Some((2, 1, 10, 4)));
        assert_eq!(texts(&bus, gst::MessageType::Warning), [""; 0]);
    }
}

#[test]
fn side_by_side_shows_what_is_to_be_seen() {
    let _core = share("marks-crop-2", |frame, _, _| {
        // The column and the row in each sample.
        let mut out = marked(frame);
        let samples = out.frame.planes[0].data.iter_mut().zip(0u8..);
        samples.for_each(|(sample, n)| *sample = n);
        Ok(out)
    });
    let (mut harness, _bus) = harness("marks-crop-2", &grey(SIZES[1]));
    let element = harness.element().unwrap();
    element.set_property_from_str("compare", "side-by-side");
    let out = harness.push_and_pull(cropped()).unwrap();
    assert_eq!(crop(&out), None);
    let caps = harness.sinkpad().unwrap().current_caps().unwrap();
    assert_eq!(caps.structure(0).unwrap().get::<i32>("width"), Ok(20));
    let bytes = out.map_readable().unwrap();
    for (y, row) in bytes.chunks(20).enumerate() {
        let first = 16 * (y as u8 + 1) + 2;
        let right: Vec<u8> = (first..first + 10).collect();
        assert_eq!(row, [vec![7; 10], right].concat(), "row {y}");
    }
}

/// Whether the element says that frames may have a crop meta if downstream says `downstream`.
fn offers_crop(downstream: bool, compare: &str) -> bool {
    let _core = share("marks-query", |frame, _, _| Ok(marked(frame)));
    let (mut harness, _bus) = harness("marks-query", &grey((16, 8)));
    if downstream {
        harness.add_propose_allocation_meta(VideoCropMeta::meta_api(), None);
    }
    let element = harness.element().unwrap();
    element.set_property_from_str("compare", compare);
    let frame = gst::Buffer::from_mut_slice(vec![7u8; 128]);
    harness.push_and_pull(frame).unwrap();
    let caps = harness.srcpad().unwrap().current_caps();
    let mut query = gst::query::Allocation::new(caps.as_ref(), true);
    assert!(element.static_pad("sink").unwrap().query(&mut query));
    query.find_allocation_meta::<VideoCropMeta>().is_some()
}

/// Frames keep the meta, unless they are put side by side.
#[test]
fn downstream_says_whether_frames_may_be_cropped() {
    assert!(!offers_crop(false, "off"));
    assert!(offers_crop(true, "off"));
    assert!(!offers_crop(true, "side-by-side"));
}

// Of libgstallocators, for which the tests have no bindings.
#[link(name = "gstallocators-1.0")]
unsafe extern "C" {
    fn gst_dmabuf_allocator_new() -> *mut gst::ffi::GstAllocator;
    fn gst_dmabuf_allocator_alloc(
        allocator: *mut gst::ffi::GstAllocator,
        fd: i32,
        size: usize,
    ) -> *mut gst::ffi::GstMemory;
    fn gst_is_dmabuf_memory(memory: *mut gst::ffi::GstMemory) -> i32;
}

/// A buffer of DMABuf memory that holds `bytes`, on a file instead of a device's memory.
fn dmabuf(bytes: &[u8]) -> gst::Buffer {
    init();
    let file = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0).unwrap();
    // SAFETY: the memory owns the descriptor and holds the allocator, which is ours to release.
    let memory = unsafe {
        let allocator = gst_dmabuf_allocator_new();
        let memory = gst_dmabuf_allocator_alloc(allocator, file.into_raw_fd(), bytes.len());
        gst::ffi::gst_object_unref(allocator.cast());
        assert_eq!(gst_is_dmabuf_memory(memory), 1);
        glib::translate::from_glib_full::<_, gst::Memory>(memory)
    };
    let mut buffer = gst::Buffer::new();
    buffer.get_mut().unwrap().append_memory(memory);
    buffer
}

/// In caps of system memory it is linear, as that of v4l2src is, and can be mapped.
#[test]
fn dmabuf_memory_in_caps_of_system_memory_is_mapped() {
    let _core = share("marks-dmabuf", |frame, _, _| Ok(marked(frame)));
    let (mut harness, bus) = harness("marks-dmabuf", &grey((16, 8)));
    let out = harness.push_and_pull(dmabuf(&[7; 128])).unwrap();
    assert_eq!(out.map_readable().unwrap().as_slice(), [17; 128]);
    assert_eq!(texts(&bus, gst::MessageType::Warning), [""; 0]);
}

#[test]
fn caps_of_other_memory_are_refused_with_a_message() {
    for memory in ["DMABuf", "GLMemory", "VAMemory"] {
        let _core = share("marks-refuse", |frame, _, _| Ok(marked(frame)));
        let (mut harness, bus) = harness("marks-refuse", &grey((16, 8)));
        let pad = harness.element().unwrap().static_pad("sink").unwrap();
        let caps = grey((16, 8)).replace("x-raw", &format!("x-raw(memory:{memory})"));
        let caps: gst::Caps = caps.parse().unwrap();
        assert!(!pad.query_accept_caps(&caps));
        assert!(!pad.query_accept_caps(&caps));
        let warnings = texts(&bus, gst::MessageType::Warning);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains(&format!("memory:{memory} are refused")),
            "{warnings:?}"
        );
        // The stream that is in place goes on.
        harness
            .push_and_pull(gst::Buffer::from_mut_slice(vec![7u8; 128]))
            .unwrap();
    }
}

/// In a pipeline nothing is linked, or nothing is negotiated.
#[test]
fn a_source_of_other_memory_ends_with_an_error_and_nothing_worse() {
    init();
    let line = "videotestsrc num-buffers=1 ! video/x-raw(memory:DMABuf) ! ddrmjpeg ! fakesink";
    assert!(gst::parse::launch(line).is_err());
    let line = "appsrc name=a format=time caps=\"video/x-raw(memory:DMABuf),format=NV12,width=16,\
                height=16,framerate=25/1\" ! ddrmjpeg model=identity ! fakesink";
    let pipeline = gst::parse::launch(line)
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let source = pipeline.by_name("a").unwrap();
    let _: gst::FlowReturn = source.emit_by_name("push-buffer", &[&dmabuf(&[7; 384])]);
    pipeline.set_state(gst::State::Playing).unwrap();
    let wait = gst::ClockTime::try_from(super::PATIENCE).unwrap();
    let kinds = [gst::MessageType::Error, gst::MessageType::Warning];
    let bus = pipeline.bus().unwrap();
    let first = bus.timed_pop_filtered(wait, &kinds).expect("a message");
    let text = match first.view() {
        gst::MessageView::Warning(warning) => warning.error().to_string(),
        other => panic!("{other:?}"),
    };
    assert!(text.contains("memory:DMABuf are refused"), "{text}");
    let error = bus.timed_pop_filtered(wait, &[gst::MessageType::Error]);
    let text = format!("{:?}", error.expect("an error"));
    assert!(text.contains("not-negotiated"), "{text}");
    pipeline.set_state(gst::State::Null).unwrap();
}
