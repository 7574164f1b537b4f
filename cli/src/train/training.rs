//! Loads the pictures and shows progress; `ddrmjpeg_lab` trains. If the process is killed, what
//! came after the last checkpoint is lost, two minutes at most by default.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use ddrmjpeg::frame::{Planar8, Plane8};
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;
use ddrmjpeg_lab::train::{Event, Pictures, Places, TrainOptions};

use crate::Outcome;
use crate::io::{files, picture};
use crate::train::arguments::TrainArgs;

/// The training can be asked to stop; the command is simply killed.
static STOP: AtomicBool = AtomicBool::new(false);

/// Trains to the end of the schedule, or until Ctrl-C.
pub fn run(arguments: &TrainArgs, options: &TrainOptions) -> Result<Outcome> {
    let shrink = usize::from(arguments.shrink);
    let photographs = load_all(&arguments.pictures, shrink)?;
    let drawings = load_all(&arguments.drawings, 1)?;
    let least = ddrmjpeg_lab::train::least_side_px(options);
    let pictures = Pictures::new(photographs, drawings, options.held_out, least)?;
    eprintln!(
        "{} pictures to train on, {} held out",
        pictures.count(),
        pictures.held_out().len()
    );
    let places = Places {
        out: arguments.out.clone(),
        from: arguments.from.clone(),
        resume: arguments.resume,
    };
    ddrmjpeg_lab::train::train(options, &places, pictures, &STOP, show)?;
    Ok(Outcome::Done)
}

/// Every picture below `folders`, scaled down `shrink` times.
fn load_all(folders: &[PathBuf], shrink: usize) -> Result<Vec<Planar8>> {
    let mut found = Vec::new();
    for folder in folders {
        found.extend(load(folder, shrink)?);
    }
    Ok(found)
}

/// Every picture below `folder`, scaled down `shrink` times.
fn load(folder: &Path, shrink: usize) -> Result<Vec<Planar8>> {
    let extensions = [&files::PICTURES[..], files::JPEG].concat();
    let names = files::below(folder, &extensions).with_context(|| folder.display().to_string())?;
    if names.is_empty() {
        bail!("{}: no pictures in this folder", folder.display());
    }
    names
        .iter()
        .map(|name| {
            let path = folder.join(name);
            let whole = match files::has_extension(&path, files::JPEG) {
                true => {
                    let bytes = std::fs::read(&path)?;
                    jpeg::file::pixels::decode(&bytes, &Limits::default())
                        .with_context(|| path.display().to_string())?
                }
                false => picture::load(&path)?,
            };
            Ok(shrunk(&whole, shrink))
        })
        .collect()
}

/// Means over squares of `times` x `times` pixels.
fn shrunk(picture: &Planar8, times: usize) -> Planar8 {
    let plane = |from: &Plane8| {
        let mut out = Plane8::new(from.width / times, from.height / times);
        for y in 0..out.height {
            for x in 0..out.width {
                let rows = (0..times).map(|dy| (times * y + dy) * from.width + times * x);
                let sum: usize = rows
                    .flat_map(|start| &from.data[start..start + times])
                    .map(|&byte| usize::from(byte))
                    .sum();
                let count = times * times;
                out.data[y * out.width + x] = ((sum + count / 2) / count) as u8;
            }
        }
        out
    };
    Planar8 {
        planes: picture.planes.iter().map(plane).collect(),
        ..picture.clone()
    }
}

fn show(event: &Event) {
    match event {
        Event::Begun(step) => eprintln!("training from step {step}"),
        Event::Saved(step) => eprintln!("written after {step} steps"),
        Event::Step(row) => {
            if row.step % 20 == 0 {
                eprintln!(
                    "step {} {:.0} s rate {:.2e} loss {:.4} one call {:.4} gradient {:.3}",
                    row.step, row.seconds, row.rate, row.loss, row.one_call, row.gradient
                );
            }
            for score in &row.scores {
                eprintln!(
                    "step {} quality {}: JPEG {:.3} dB, one call {:+.3}, clamped {:+.3}",
                    row.step,
                    score.quality,
                    score.jpeg,
                    score.one_call - score.jpeg,
                    score.clamped - score.jpeg
                );
            }
        }
    }
}
