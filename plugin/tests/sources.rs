//! Where MJPEG comes from: an HTTP camera, RTP, AVI and Matroska files, a USB camera; into the
//! decoder, and into the filter by way of another decoder. And `decodebin`, which finds the
//! decoder by itself when its rank is raised.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use common::{Outcome, jpegs, need, pipeline, play, stat};
use gst::prelude::*;

const GOOD: &str = "gstreamer1.0-plugins-good";
const FRAMES: u64 = 5;

/// The filter behind another decoder, told by the tables of each frame.
const FILTER: &str = "ddrmjpegtables name=t ! jpegdec idct-method=islow ! queue \
                      ! ddrmjpeg name=d model=identity ! fakesink";
/// The decoder.
const DECODER: &str = "ddrmjpegdec name=d model=identity ! fakesink";

/// An MJPEG stream that GStreamer encodes, of a size that is no multiple of 8.
fn encoded() -> String {
    format!(
        "videotestsrc pattern=ball num-buffers={FRAMES} \
         ! video/x-raw,format=I420,width=100,height=60,framerate=25/1 ! jpegenc quality=40"
    )
}

/// Plays `source` into `sink`, one of [`FILTER`] and [`DECODER`]; the restoring element.
fn restored(source: &str, sink: &str) -> (gst::Element, Outcome) {
    let pipeline = pipeline(&format!("{source} ! {sink}"));
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{source}: {outcome:?}");
    (pipeline.by_name("d").unwrap(), outcome)
}

/// Both ways restore every frame, and the filter by the tables of the stream.
fn both_ways_restore_every_frame(source: &str) {
    let (filter, outcome) = restored(source, FILTER);
    assert_eq!(stat(&filter, "meta"), FRAMES, "{source}: {outcome:?}");
    let (decoder, outcome) = restored(source, DECODER);
    assert_eq!(stat(&decoder, "restored"), FRAMES, "{source}: {outcome:?}");
    assert_eq!(stat(&decoder, "corrupted"), 0, "{source}");
}

/// Answers one request as MJPEG cameras do: a picture after another, until none is left.
fn camera(mut client: TcpStream, pictures: &[Vec<u8>]) -> std::io::Result<()> {
    let mut request = [0; 2048];
    let length = client.read(&mut request)?;
    assert!(request[..length].starts_with(b"GET /video.mjpg "));
    let head = "HTTP/1.0 200 OK\r\nConnection: close\r\n\
                Content-Type: multipart/x-mixed-replace; boundary=--frame\r\n\r\n";
    client.write_all(head.as_bytes())?;
    for picture in pictures {
        let head = format!(
            "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            picture.len()
        );
        client.write_all(head.as_bytes())?;
        client.write_all(picture)?;
        client.write_all(b"\r\n")?;
    }
    client.write_all(b"--frame--\r\n")
}

#[test]
fn an_http_camera() {
    need("souphttpsrc", GOOD);
    need("multipartdemux", GOOD);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pictures: Vec<Vec<u8>> = (0..FRAMES as usize)
        .map(|n| jpegs::frame((100, 60), (2, 1), 30 + 10 * n as u8, n))
        .collect();
    let server = thread::spawn(move || {
        for client in listener.incoming().take(2) {
            camera(client.unwrap(), &pictures).unwrap();
        }
    });
    // A proxy of the environment is not for the loopback.
    let source = format!(
        "souphttpsrc location=http://127.0.0.1:{port}/video.mjpg proxy=\"\" ! multipartdemux"
    );
    both_ways_restore_every_frame(&source);
    server.join().unwrap();
}

/// The payload has no room for sizes that are no multiples of 8, nor for tables of one's own
/// above quality 99: what comes out is a whole JPEG again, rounded up.
#[test]
fn rtp() {
    for element in ["rtpjpegpay", "rtpjpegdepay"] {
        need(element, GOOD);
    }
    let source = format!("{} ! rtpjpegpay mtu=600 ! rtpjpegdepay", encoded());
    both_ways_restore_every_frame(&source);
}

#[test]
fn rtp_over_udp() {
    for element in ["udpsrc", "udpsink", "rtpjpegpay", "rtpjpegdepay"] {
        need(element, GOOD);
    }
    let receiver = pipeline(&format!(
        "udpsrc name=u port=0 address=127.0.0.1 \
         caps=application/x-rtp,media=video,encoding-name=JPEG,clock-rate=90000,payload=26 \
         ! rtpjpegdepay ! identity eos-after={} ! {FILTER}",
        FRAMES + 1
    ));
    receiver.set_state(gst::State::Playing).unwrap();
    let port: i32 = receiver.by_name("u").unwrap().property("port");
    // One more than is awaited: the last is the one that ends the stream.
    let sender = pipeline(&format!(
        "videotestsrc pattern=ball is-live=true num-buffers={} \
         ! video/x-raw,format=I420,width=100,height=60,framerate=25/1 ! jpegenc quality=40 \
         ! rtpjpegpay ! udpsink host=127.0.0.1 port={port}",
        FRAMES + 2
    ));
    let sent = thread::spawn(move || play(&sender));
    let outcome = play(&receiver);
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert!(sent.join().unwrap().error.is_none());
    let filter = receiver.by_name("d").unwrap();
    assert_eq!(stat(&filter, "meta"), stat(&filter, "frames"));
    assert!(stat(&filter, "meta") >= FRAMES, "{outcome:?}");
}

#[test]
fn avi_and_matroska_files() {
    for (mux, demux) in [("avimux", "avidemux"), ("matroskamux", "matroskademux")] {
        need(mux, GOOD);
        need(demux, GOOD);
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let written = play(&pipeline(&format!(
            "{} ! {mux} ! filesink location={path}",
            encoded()
        )));
        assert!(written.error.is_none(), "{mux}: {written:?}");
        both_ways_restore_every_frame(&format!("filesrc location={path} ! {demux}"));
    }
}

/// Other decoders leave the range of RGB and grey open, and one has RGB in planes.
#[test]
fn rgb_and_grey_behind_other_decoders_are_restored() {
    need("avdec_mjpeg", "gstreamer1.0-libav");
    for format in ["RGB", "GRAY8", "Y444"] {
        let encoded = format!(
            "videotestsrc pattern=ball num-buffers={FRAMES} \
             ! video/x-raw,format={format},width=96,height=64,framerate=25/1 ! jpegenc quality=40"
        );
        for decoder in ["jpegdec idct-method=islow", "jpegparse ! avdec_mjpeg"] {
            let sink = format!(
                "ddrmjpegtables ! {decoder} ! queue ! ddrmjpeg name=d model=identity ! fakesink"
            );
            let (filter, outcome) = restored(&encoded, &sink);
            assert_eq!(outcome.warnings, [""; 0], "{format} {decoder}");
            assert_eq!(stat(&filter, "passed-through"), 0, "{format} {decoder}");
            assert_eq!(stat(&filter, "restored"), FRAMES, "{format} {decoder}");
        }
    }
}

/// Frames of a USB camera: 4:2:2, without Huffman tables, another quality each time, the first
/// cut off.
fn camera_frames() -> Vec<Vec<u8>> {
    let frame = |n: usize| jpegs::frame((96, 64), (2, 1), 30 + 7 * n as u8, n);
    let mut frames: Vec<Vec<u8>> = (0..FRAMES as usize)
        .map(|n| jpegs::without_huffman_tables(&frame(n)))
        .collect();
    let half = frames[0].len() / 2;
    frames[0].truncate(half);
    frames
}

/// Plays these buffers through `sink`; the restoring element.
fn pushed(frames: Vec<Vec<u8>>, sink: &str) -> (gst::Element, Outcome) {
    let pipeline = pipeline(&format!(
        "appsrc name=a caps=image/jpeg,width=96,height=64,framerate=25/1 format=time ! {sink}"
    ));
    let source = pipeline.by_name("a").unwrap();
    for (n, bytes) in frames.into_iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(bytes);
        let time = gst::ClockTime::from_mseconds(40 * n as u64);
        buffer.get_mut().unwrap().set_pts(time);
        let flow: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
        assert_eq!(flow, gst::FlowReturn::Ok);
    }
    let flow: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    assert_eq!(flow, gst::FlowReturn::Ok);
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{outcome:?}");
    (pipeline.by_name("d").unwrap(), outcome)
}

#[test]
fn a_usb_camera() {
    let (filter, outcome) = pushed(camera_frames(), FILTER);
    // The last frame's quality, from its own tables.
    let stats: gst::Structure = filter.property("stats");
    assert_eq!(stats.get::<u32>("quality").unwrap(), 58, "{outcome:?}");
    // Whether the cut frame is worth restoring is jpegdec's to say: it may drop it.
    assert_eq!(
        stat(&filter, "meta"),
        stat(&filter, "frames"),
        "{outcome:?}"
    );
    assert!(stat(&filter, "meta") >= FRAMES - 1, "{outcome:?}");
    let (decoder, outcome) = pushed(camera_frames(), DECODER);
    assert_eq!(stat(&decoder, "restored"), FRAMES, "{outcome:?}");
    assert_eq!(stat(&decoder, "corrupted"), 1, "{outcome:?}");
}

/// With a rank above jpegdec's, any player takes the decoder; the environment variable
/// `GST_PLUGIN_FEATURE_RANK=ddrmjpegdec:MAX` raises it without a line of code.
#[test]
fn decodebin_takes_the_decoder_when_its_rank_is_raised() {
    need("avimux", GOOD);
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let written = play(&pipeline(&format!(
        "{} ! avimux ! filesink location={path}",
        encoded()
    )));
    assert!(written.error.is_none(), "{written:?}");
    let decoders = |rank: gst::Rank| {
        let factory = gst::ElementFactory::find("ddrmjpegdec").unwrap();
        factory.set_rank(rank);
        let pipeline = pipeline(&format!("filesrc location={path} ! decodebin ! fakesink"));
        let ours = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = ours.clone();
        pipeline.connect_deep_element_added(move |_, _, element| {
            let name = element.factory().map(|factory| factory.name());
            if name.as_deref() == Some("ddrmjpegdec") {
                // The default model is a network: not what this is about.
                element.set_property("model", "identity");
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        });
        let outcome = play(&pipeline);
        assert!(outcome.error.is_none(), "{outcome:?}");
        ours.load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(decoders(gst::Rank::NONE), 0);
    assert_eq!(decoders(gst::Rank::PRIMARY + 1), 1);
    gst::ElementFactory::find("ddrmjpegdec")
        .unwrap()
        .set_rank(gst::Rank::NONE);
}
