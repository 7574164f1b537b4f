//! What it is worth to decode and restore in one step: clean pictures are encoded in each
//! sampling with tables that are no quality of libjpeg's, and restored by the element
//! `ddrmjpegdec`, by the library (which is what the command does), and by the filter behind
//! `jpegdec` with the nearest quality. Prints a Markdown table of PSNR over RGB.
//!
//! `cargo run --release -p gst-plugin-ddrmjpeg --example samplings -- FOLDER [COUNT]`

use std::error::Error;
use std::path::{Path, PathBuf};

use ddrmjpeg::contract::QuantSteps;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};
use ddrmjpeg_lab::eval::metrics;
use gst_video::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SAMPLINGS: [(&str, (usize, usize)); 4] = [
    ("4:2:0", (2, 2)),
    ("4:2:2", (2, 1)),
    ("4:4:0", (1, 2)),
    ("4:4:4", (1, 1)),
];

/// Flatter than libjpeg's tables, as cameras have them.
fn camera_tables() -> [QuantSteps; 3] {
    let table = |dc: usize, slope: usize, bend: usize| {
        std::array::from_fn(|i| {
            let (u, v) = (i % 8, i / 8);
            (dc + slope * (u + v) + bend * u * v / 4) as u16
        })
    };
    let chroma = table(10, 5, 4);
    [table(8, 3, 3), chroma, chroma]
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, count) = match arguments.as_slice() {
        [folder] => (folder, usize::MAX),
        [folder, count] => (folder, count.parse()?),
        _ => return Err("usage: samplings FOLDER [COUNT]".into()),
    };
    gst::init()?;
    gstddrmjpeg::plugin_register_static()?;
    let pictures = pictures(Path::new(folder), count)?;
    let steps = camera_tables();
    let nearest = tables::nearest_quality(&tables::BASE_LUMA, &steps[0]);
    println!(
        "{} pictures; tables nearest to quality {}, {}.\n",
        pictures.len(),
        nearest.quality,
        if nearest.exact {
            "exactly"
        } else {
            "not exactly"
        }
    );
    println!(
        "| sampling | JPEG | jpegdec ! ddrmjpeg | ddrmjpegdec | gain over JPEG | gain over the filter | least | same as restore |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let options = RestoreOptions::default();
    let restorer = Restorer::open(&ModelOptions::default())?;
    for (name, sampling) in SAMPLINGS {
        let mut rows = Vec::new();
        for path in &pictures {
            let clean = load(path)?;
            let bytes = jpeg::file::write::encode_with(&clean, &steps, sampling)?;
            rows.push(measure(
                &clean,
                &bytes,
                nearest.quality,
                &restorer,
                &options,
            )?);
            eprintln!("{name} {}: {:?}", path.display(), rows.last());
        }
        print_row(name, &rows);
    }
    Ok(())
}

/// PSNR in dB of one picture by each way, and whether element and library agree.
#[derive(Debug)]
struct Row {
    jpeg: f64,
    filter: f64,
    decoder: f64,
    same: bool,
}

fn measure(
    clean: &Planar8,
    bytes: &[u8],
    quality: u8,
    restorer: &Restorer,
    options: &RestoreOptions,
) -> Result<Row> {
    let decode = options.clone().with_strength(0.0);
    let decoded = restorer
        .restore_jpeg(bytes, &decode, Control::default())?
        .frame;
    let command = restorer
        .restore_jpeg(bytes, options, Control::default())?
        .frame;
    let element = play("ddrmjpegdec", bytes)?;
    let filter = play(
        &format!("jpegdec idct-method=islow ! ddrmjpeg qf={quality} ! videoconvert"),
        bytes,
    )?;
    Ok(Row {
        jpeg: metrics::psnr(clean, &decoded)?,
        filter: metrics::psnr(clean, &filter)?,
        decoder: metrics::psnr(clean, &element)?,
        same: command == element,
    })
}

fn print_row(name: &str, rows: &[Row]) {
    let mean = |value: fn(&Row) -> f64| rows.iter().map(value).sum::<f64>() / rows.len() as f64;
    let gain = |row: &Row| row.decoder - row.filter;
    let least = rows.iter().map(gain).fold(f64::INFINITY, f64::min);
    let same = rows.iter().filter(|row| row.same).count();
    println!(
        "| {name} | {:.2} | {:.2} | {:.2} | {:+.2} | {:+.2} | {least:+.2} | {same} of {} |",
        mean(|row| row.jpeg),
        mean(|row| row.filter),
        mean(|row| row.decoder),
        mean(|row| row.decoder - row.jpeg),
        mean(|row| row.decoder - row.filter),
        rows.len()
    );
}

/// The one frame that `launch` makes of `bytes`, as RGB.
fn play(launch: &str, bytes: &[u8]) -> Result<Planar8> {
    let mut harness = gst_check::Harness::new_parse(launch);
    harness.set_sink_caps_str("video/x-raw,format=RGB");
    harness.set_src_caps_str("image/jpeg,framerate=25/1,parsed=true");
    harness.push(gst::Buffer::from_slice(bytes.to_vec()))?;
    harness.push_event(gst::event::Eos::new());
    let buffer = harness.try_pull().ok_or("no frame")?;
    let caps = harness.sinkpad().and_then(|pad| pad.current_caps());
    let caps = caps.ok_or("no caps")?;
    let info = VideoInfo::from_caps(&caps)?;
    let frame = VideoFrameRef::from_buffer_ref_readable(&buffer, &info)?;
    let (data, stride) = (frame.plane_data(0)?, frame.plane_stride()[0] as usize);
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let rows = data.chunks(stride).take(height);
    let rgb: Vec<u8> = rows.flat_map(|row| &row[..3 * width]).copied().collect();
    Ok(Planar8::from_rgb(width, height, &rgb))
}

fn load(path: &Path) -> Result<Planar8> {
    let picture = image::open(path)?.into_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Ok(Planar8::from_rgb(width, height, &picture))
}

/// The first `count` PNG files of `folder`, by name.
fn pictures(folder: &Path, count: usize) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "png") {
            found.push(path);
        }
    }
    found.sort();
    found.truncate(count);
    if found.is_empty() {
        return Err(format!("no PNG files in {}", folder.display()).into());
    }
    Ok(found)
}
