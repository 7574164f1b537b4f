//! The decoder's pixels are the core's, for every sampling, size and format.

mod common;

use common::decoder::{Decoder, planes_of};
use common::jpegs;
use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::restore::Layout;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer, jpeg};
use gst::prelude::*;

/// Luma samples per chroma sample, and the format that comes out unasked.
const SAMPLINGS: [((usize, usize), &str); 6] = [
    ((1, 1), "Y444"),
    ((2, 1), "Y42B"),
    ((2, 2), "I420"),
    ((1, 2), "Y444"),
    ((4, 1), "Y444"),
    ((4, 2), "Y444"),
];

const SIZES: [(usize, usize); 6] = [(1, 1), (2, 3), (17, 9), (16, 16), (33, 50), (64, 7)];

const FORMATS: [(&str, Layout); 6] = [
    ("I420", Layout::YCbCr((2, 2))),
    ("Y42B", Layout::YCbCr((2, 1))),
    ("Y41B", Layout::YCbCr((4, 1))),
    ("Y444", Layout::YCbCr((1, 1))),
    ("GRAY8", Layout::Grey),
    ("RGB", Layout::Rgb),
];

fn identity() -> (Restorer, RestoreOptions) {
    let model = ModelOptions::default().with_model("identity");
    (Restorer::open(&model).unwrap(), RestoreOptions::default())
}

/// The core's planes of `bytes`.
fn expected(core: &(Restorer, RestoreOptions), bytes: &[u8], layout: Layout) -> Vec<Vec<u8>> {
    let file = jpeg::read(bytes, &core.1.limits).unwrap();
    let restored = core
        .0
        .restore_file_as(&file, layout, &core.1, Control::default());
    planes_of(&restored.unwrap().frame)
}

#[test]
fn every_sampling_and_size_in_every_format_is_the_cores() {
    let core = identity();
    for (format, layout) in FORMATS {
        let mut decoder = Decoder::framed(format);
        for (sampling, _) in SAMPLINGS {
            for size in SIZES {
                let bytes = jpegs::colour(size, sampling, 40);
                let out = decoder.decode(&bytes);
                assert_eq!(
                    (out.info.width() as usize, out.info.height() as usize),
                    size
                );
                let same = out.planes() == expected(&core, &bytes, layout);
                assert!(same, "{format} {sampling:?} {size:?}");
                assert!(!out.is_corrupted());
            }
        }
    }
}

#[test]
fn grey_files_come_out_in_every_format() {
    let core = identity();
    for (format, layout) in FORMATS {
        let mut decoder = Decoder::framed(format);
        for size in SIZES {
            let bytes = jpegs::grey(size, 40);
            let same = decoder.decode(&bytes).planes() == expected(&core, &bytes, layout);
            assert!(same, "{format} {size:?}");
        }
    }
}

/// The command writes what `restore_jpeg` gives.
#[test]
fn rgb_is_what_the_command_writes() {
    let (core, options) = identity();
    let mut decoder = Decoder::framed("RGB");
    for (sampling, _) in SAMPLINGS {
        let bytes = jpegs::odd_tables((57, 41), sampling);
        let command = core
            .restore_jpeg(&bytes, &options, Control::default())
            .unwrap();
        assert_eq!(decoder.decode(&bytes).planes(), planes_of(&command.frame));
    }
}

#[test]
fn the_embedded_prior_gives_the_commands_pixels_too() {
    let options = RestoreOptions::default();
    let core = Restorer::open(&ModelOptions::default()).unwrap();
    let mut decoder = Decoder::with(&[], "image/jpeg,framerate=25/1", "RGB");
    for sampling in [(2, 1), (1, 2)] {
        let bytes = jpegs::colour((72, 40), sampling, 20);
        let command = core
            .restore_jpeg(&bytes, &options, Control::default())
            .unwrap();
        assert!(decoder.decode(&bytes).planes() == planes_of(&command.frame));
    }
}

#[test]
fn strength_0_is_the_decoded_picture() {
    let (core, options) = identity();
    let options = options.with_strength(0.0);
    let mut decoder = Decoder::framed("RGB");
    decoder.element.set_property("strength", 0.0);
    let bytes = jpegs::colour((33, 21), (2, 1), 10);
    let decoded = core
        .restore_jpeg(&bytes, &options, Control::default())
        .unwrap();
    assert_eq!(decoder.decode(&bytes).planes(), planes_of(&decoded.frame));
    assert_eq!(common::stat(&decoder.element, "passed-through"), 1);
}

#[test]
fn without_a_wish_the_format_is_the_files() {
    let mut decoder = Decoder::framed("{RGB, GRAY8, I420, Y444, Y42B}");
    for (sampling, format) in SAMPLINGS {
        let out = decoder.decode(&jpegs::colour((24, 16), sampling, 50));
        assert_eq!(out.info.format().to_string(), format, "{sampling:?}");
        assert_eq!(out.info.colorimetry().to_string(), "1:4:0:0");
    }
    let out = decoder.decode(&jpegs::grey((24, 16), 50));
    assert_eq!(out.info.format().to_string(), "GRAY8");
}

/// Range and matrix are the file's, whatever a container says of them; transfer and primaries, of
/// which a JPEG says nothing, are the container's.
#[test]
fn colorimetry_is_the_files_where_it_says_something() {
    let rgb = {
        // Adobe's marker without a transform.
        let scene = jpegs::scene(PixelModel::Rgb, 24, 16, 0);
        let steps = [[4; 64]; 3];
        let bytes = jpeg::file::write::encode_with(&scene, &steps, (1, 1)).unwrap();
        jpegs::as_adobe_rgb(&bytes)
    };
    let (colour, grey) = (
        jpegs::colour((24, 16), (2, 2), 50),
        jpegs::grey((24, 16), 50),
    );
    for (stated, [of_colour, of_grey, of_rgb]) in [
        ("", ["1:4:0:0", "1:4:0:0", "sRGB"]),
        ("bt709", ["1:4:5:1", "1:4:5:1", "1:1:5:1"]),
        ("bt601", ["1:4:16:4", "1:4:16:4", "1:1:16:4"]),
        ("1:4:7:1", ["1:4:7:1", "1:4:7:1", "sRGB"]),
    ] {
        let stated = match stated {
            "" => String::new(),
            stated => format!(",colorimetry={stated}"),
        };
        let caps = format!("image/jpeg,framerate=25/1,parsed=true{stated}");
        let mut decoder = Decoder::new(&caps, "{I420, GRAY8, RGB}");
        for (bytes, format, wanted) in [
            (&colour, "I420", of_colour),
            (&grey, "GRAY8", of_grey),
            (&rgb, "RGB", of_rgb),
        ] {
            let info = decoder.decode(bytes).info;
            let found = info.colorimetry().to_string();
            assert_eq!(info.format().to_string(), format, "{stated}");
            assert_eq!(found, wanted, "{format} {stated}");
        }
    }
}

#[test]
fn a_format_that_nobody_takes_is_refused() {
    let mut decoder = Decoder::framed("v308");
    let flow = decoder.push(&jpegs::grey((8, 8), 50));
    assert_eq!(flow, Err(gst::FlowError::NotNegotiated));
}

/// What is sent on says how frames follow each other and how pixels are shaped.
#[test]
fn rates_shapes_and_times_are_upstreams() {
    let mut decoder = Decoder::new(
        "image/jpeg,framerate=30000/1001,pixel-aspect-ratio=4/3",
        "I420",
    );
    let mut buffer = gst::Buffer::from_slice(jpegs::colour((16, 16), (2, 2), 50));
    let times = buffer.get_mut().unwrap();
    times.set_pts(gst::ClockTime::from_mseconds(120));
    times.set_duration(gst::ClockTime::from_mseconds(40));
    decoder.harness.push(buffer).unwrap();
    let out = decoder.pull().unwrap();
    assert_eq!(out.info.fps(), gst::Fraction::new(30000, 1001));
    assert_eq!(out.info.par(), gst::Fraction::new(4, 3));
    assert_eq!(out.buffer.pts(), Some(gst::ClockTime::from_mseconds(120)));
    assert_eq!(
        out.buffer.duration(),
        Some(gst::ClockTime::from_mseconds(40))
    );
}
