//! What media servers do with a camera: HLS, RTSP, MJPEG over HTTP again, and the standard output
//! that go2rtc and Frigate read. The scripts of `examples/pipelines` run as they are; what they put
//! out is played back and compared with the scene that the camera saw.
//!
//! The model is `identity`: this is about plumbing. Every picture is the same, so that any frame
//! that comes out can be compared.

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use common::{camera, jpegs, need, pipeline, play};
use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg;
use gst::prelude::*;

const BAD: &str = "gstreamer1.0-plugins-bad";
const GOOD: &str = "gstreamer1.0-plugins-good";

/// Width and height: rows of RGB without padding, blocks without a rest.
const SIZE: (usize, usize) = (160, 96);
/// What the camera sends to each viewer.
const FRAMES: usize = 50;
/// Least PSNR in dB of what comes out, over JPEG of quality 75 and another lossy codec: 30.9 and more.
/// In H.264 of full range, which players take for limited, it is 28.4; wrong colours or planes give
/// less than 20.
const LEAST_DB: f64 = 29.6;

/// Out of H.264 to pixels.
const DECODE: &str = "h264parse ! openh264dec ! videoconvert";

fn scene() -> Vec<u8> {
    let planes = jpegs::scene(PixelModel::Rgb, SIZE.0, SIZE.1, 0).planes;
    (0..SIZE.0 * SIZE.1)
        .flat_map(|i| [planes[0].data[i], planes[1].data[i], planes[2].data[i]])
        .collect()
}

/// A camera that looks at it; its URL.
fn camera() -> String {
    let scene = jpegs::scene(PixelModel::Rgb, SIZE.0, SIZE.1, 0);
    camera::start(jpeg::encode(&scene, 75, (2, 2)).unwrap(), FRAMES)
}

/// Plays `source` to its end; its frames in RGB.
fn frames_of(source: &str) -> Vec<Vec<u8>> {
    let pipeline = pipeline(&format!(
        "{source} ! videoconvert ! video/x-raw,format=RGB ! fakesink name=s signal-handoffs=true"
    ));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inside = seen.clone();
    let sink = pipeline.by_name("s").unwrap();
    sink.connect("handoff", false, move |values| {
        let buffer = values[1].get::<gst::Buffer>().unwrap();
        let bytes = buffer.map_readable().unwrap().to_vec();
        inside.lock().unwrap().push(bytes);
        None
    });
    let outcome = play(&pipeline);
    assert!(outcome.error.is_none(), "{source}: {outcome:?}");
    drop(pipeline);
    seen.lock().unwrap().clone()
}

/// Fails unless there are so many frames, all of which show the scene.
fn show_the_scene(frames: &[Vec<u8>], least: usize) {
    assert!(frames.len() >= least, "{} frames", frames.len());
    let scene = scene();
    for (n, frame) in frames.iter().enumerate() {
        assert_eq!(frame.len(), scene.len(), "frame {n} is of another size");
        let squares = frame.iter().zip(&scene).map(|(&a, &b)| {
            let difference = f64::from(a) - f64::from(b);
            difference * difference
        });
        let mean = squares.sum::<f64>() / scene.len() as f64;
        let db = 10.0 * (255.0 * 255.0 / mean).log10();
        assert!(db >= LEAST_DB, "frame {n}: {db:.1} dB");
    }
}

/// The shared object of this build in a folder of its own, and GStreamer's registry beside it: for
/// processes that find plugins as users' do.
struct Installed(tempfile::TempDir);

impl Installed {
    fn new() -> Self {
        let built = std::env::current_exe().unwrap();
        let built = built.parent().unwrap().join("libgstddrmjpeg.so");
        assert!(built.exists(), "no {}: cargo build it", built.display());
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("libgstddrmjpeg.so");
        std::os::unix::fs::symlink(built, link).unwrap();
        Self(folder)
    }

    /// A program that finds the plugin there; nothing of a proxy, which is not for the loopback.
    fn command(&self, program: &str, script: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg(scripts().join(script))
            .env("GST_PLUGIN_PATH", self.0.path())
            .env("GST_REGISTRY", self.0.path().join("registry"))
            // No other build is to be found first.
            .env("TARGET_DIR", self.0.path())
            .env_remove("http_proxy")
            .env_remove("HTTP_PROXY")
            .stderr(Stdio::inherit());
        command
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pipelines")
}

/// A server of `examples/pipelines`, ended when this goes.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// `needs` is what has to be installed for it to start.
    fn start(mut command: Command, needs: &str) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut url).unwrap();
        assert!(
            !url.is_empty(),
            "the server does not start; it needs {needs}"
        );
        let url = url.trim().to_owned();
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn hls() {
    for (element, package) in [
        ("souphttpsrc", GOOD),
        ("openh264enc", BAD),
        ("hlssink2", BAD),
        ("tsdemux", BAD),
    ] {
        need(element, package);
    }
    let installed = Installed::new();
    let folder = tempfile::tempdir().unwrap();
    let run = installed
        .command("sh", "hls.sh")
        .args([camera().as_str(), folder.path().to_str().unwrap()])
        .args(["model=identity", "late-policy=process"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(run.success());
    let playlist = std::fs::read_to_string(folder.path().join("restored.m3u8")).unwrap();
    assert!(
        playlist.trim_end().ends_with("#EXT-X-ENDLIST"),
        "{playlist}"
    );
    let segments = playlist
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut frames = Vec::new();
    for segment in segments {
        let path = folder.path().join(segment);
        let path = path.display();
        frames.extend(frames_of(&format!(
            "filesrc location={path} ! tsdemux ! {DECODE}"
        )));
    }
    // The camera's queue is small and may let go of a frame when the machine is busy.
    show_the_scene(&frames, FRAMES * 3 / 4);
}

#[test]
fn rtsp() {
    for (element, package) in [
        ("rtspsrc", GOOD),
        ("rtph264depay", GOOD),
        ("openh264dec", BAD),
    ] {
        need(element, package);
    }
    let installed = Installed::new();
    let mut command = installed.command("/usr/bin/python3", "rtsp_server.py");
    command.args([camera().as_str(), "0", "model=identity"]);
    let server = Server::start(command, "python3-gi and gir1.2-gst-rtsp-server-1.0");
    let frames = frames_of(&format!(
        "rtspsrc location={} protocols=tcp latency=100 ! rtph264depay ! {DECODE} \
         ! identity eos-after=20",
        server.url
    ));
    show_the_scene(&frames, 15);
}

#[test]
fn mjpeg_over_http_again() {
    for element in ["souphttpsrc", "multipartdemux", "multipartmux"] {
        need(element, GOOD);
    }
    let installed = Installed::new();
    let mut command = installed.command("python3", "mjpeg_server.py");
    command.args([camera().as_str(), "0", "model=identity"]);
    let server = Server::start(command, "python3");
    // Two viewers, one behind the other.
    for _ in 0..2 {
        let frames = frames_of(&format!(
            "souphttpsrc location={} proxy=\"\" ! multipartdemux ! jpegparse \
             ! identity eos-after=20 ! jpegdec",
            server.url
        ));
        show_the_scene(&frames, 15);
    }
}

#[test]
fn standard_output_for_exec_sources() {
    need("mpegtsmux", BAD);
    let installed = Installed::new();
    let folder = tempfile::tempdir().unwrap();
    for (format, demux) in [
        ("mjpeg", "jpegparse ! jpegdec".to_owned()),
        ("mpegts", format!("tsdemux ! {DECODE}")),
    ] {
        let path = folder.path().join(format);
        let run = installed
            .command("sh", "stdout.sh")
            .args([
                camera().as_str(),
                format,
                "model=identity",
                "late-policy=process",
            ])
            .stdout(std::fs::File::create(&path).unwrap())
            .status()
            .unwrap();
        assert!(run.success(), "{format}");
        let path = path.display();
        let frames = frames_of(&format!("filesrc location={path} ! {demux}"));
        show_the_scene(&frames, FRAMES * 3 / 4);
    }
}

/// The text files below `folder` with these endings.
fn texts(folder: &Path, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    };
    let texts = paths.filter(wanted).map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    });
    texts.collect()
}

/// A camera's 4:2:2 would become High 4:2:2, which browsers do not play.
#[test]
fn every_recipe_that_encodes_for_browsers_says_420() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = texts(&scripts(), &["sh", "py"]);
    all.extend(texts(&root.join("docs/guide"), &["md"]));
    all.extend(texts(&root, &["md"]));
    let mut recipes = 0;
    for (path, text) in all {
        let markdown = path.extension().is_some_and(|ending| ending == "md");
        // Of Markdown the blocks of code.
        let blocks = text.split("```").skip(usize::from(markdown));
        for block in blocks.step_by(1 + usize::from(markdown)) {
            let encodes = ["openh264enc", "x264enc", "h264enc"]
                .iter()
                .any(|name| block.contains(name));
            if encodes && block.contains("ddrmjpegdec") {
                let says = ["format=I420", "$limited", "{LIMITED}"];
                assert!(
                    says.iter().any(|caps| block.contains(caps)),
                    "{}: {block}",
                    path.display()
                );
                recipes += 1;
            }
        }
    }
    assert!(recipes >= 5, "{recipes} recipes");
}
