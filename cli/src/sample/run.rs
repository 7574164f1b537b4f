//! The run: degrades the pictures of a data set, restores them, and measures both. A picture that
//! fails gets a message; the others are done.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::model::config::Config;
use ddrmjpeg::model::open;
use ddrmjpeg::model::open::Opened;
use ddrmjpeg::sampler::noise::Field;
use ddrmjpeg::{Control, Denoiser, ModelOptions, RestoreOptions, jpeg};
use ddrmjpeg_lab::datasets;
use ddrmjpeg_lab::datasets::{Dataset, Range, Sample, range};
use ddrmjpeg_lab::experiment;

use crate::Outcome;
use crate::io::{files, picture};
use crate::sample::arguments::{Level, SampleArgs};
use crate::sample::log::Log;
use crate::sample::results::{Results, Trio};
use crate::sample::score;
use crate::sample::score::{Psnr, Scores};
use crate::sample::screen::Screen;
use crate::stdout::outln;
use experiment::Operator;

/// What a run is made of.
struct Run<'a> {
    arguments: &'a SampleArgs,
    options: RestoreOptions,
    config: Config,
    dataset: Dataset,
    prior: Opened,
    results: Results,
}

/// Runs the experiment.
pub fn run(
    arguments: &SampleArgs,
    model: &ModelOptions,
    options: RestoreOptions,
) -> Result<Outcome> {
    let config = open::read_config(&arguments.config)?;
    let dataset = datasets::open(&config.data, &arguments.exp)?;
    let folder = arguments.exp.join("image_samples");
    let results = Results::new(folder.join(&arguments.image_folder));
    if !results.agreed(arguments.own.resume, arguments.ni)? {
        outln!("Output image folder exists. Program halted.");
        return Ok(Outcome::Done);
    }
    let log_folder = arguments.exp.join("logs").join(&arguments.doc);
    let mut screen = Screen::new(Log::open(&log_folder, arguments.verbose)?);
    introduce(arguments, model, &screen);
    let run = Run {
        prior: open_prior(arguments, &config, model)?,
        arguments,
        options,
        config,
        dataset,
        results,
    };
    run.check_labels()?;
    // Nothing of an earlier run is touched before everything that this one needs is there.
    run.results.prepare(arguments.own.resume)?;
    let scores = score::path(&log_folder, &arguments.image_folder);
    let scores = Scores::open(&scores, &arguments.signature(), arguments.own.resume)?;
    run.all(scores, &mut screen)
}

/// The first lines of the published log.
fn introduce(arguments: &SampleArgs, model: &ModelOptions, screen: &Screen) {
    let info = |message: String| screen.log(Level::Info, &message);
    info(format!("Using device: {}", model.device));
    info(format!("Writing log file to {}", screen.log_path()));
    info(format!("Exp instance id = {}", std::process::id()));
    info(format!("Exp comment = {}", arguments.comment));
}

fn open_prior(arguments: &SampleArgs, config: &Config, model: &ModelOptions) -> Result<Opened> {
    Ok(match &arguments.own.weights {
        Some(weights) => {
            let classifier = arguments.own.classifier.as_deref();
            open::open_config(config, weights, classifier, model)?
        }
        None => open::open_under(config, &arguments.exp, model)?,
    })
}

impl Run<'_> {
    /// A class-conditional network needs a class for every picture.
    fn check_labels(&self) -> Result<()> {
        let unlabelled = self.dataset.samples.iter().find(|s| s.label.is_none());
        match (self.prior.classes(), unlabelled) {
            (Some(_), Some(sample)) => bail!(
                "{}: {} has no class, and the network of this config needs one",
                self.arguments.config,
                sample.path.display()
            ),
            _ => Ok(()),
        }
    }

    /// Every picture of the subset, then the means.
    fn all(&self, mut scores: Scores, screen: &mut Screen) -> Result<Outcome> {
        let ids = self.arguments.subset(self.dataset.samples.len())?;
        screen.print(&format!("Dataset has size {}", ids.len()));
        screen.print(&format!("Start from {}", ids.start));
        screen.begin(ids.len());
        let mut failures = 0;
        for id in ids {
            let sample = &self.dataset.samples[id];
            match self.one(id, sample, &scores, screen) {
                Ok(psnr) => {
                    scores.add(id, psnr)?;
                    screen.done(scores.mean().result);
                }
                Err(error) => {
                    failures += 1;
                    screen.failed(&format!("{}: {error:#}", sample.path.display()));
                }
            }
        }
        screen.end();
        self.summary(&scores, screen);
        Ok(match failures {
            0 => Outcome::Done,
            _ => Outcome::Partly,
        })
    }

    fn summary(&self, scores: &Scores, screen: &Screen) {
        let mean = scores.mean();
        let seen = match self.arguments.deg {
            Operator::Jpeg(_) => "JPEG",
            Operator::Quant(_) => "quantized",
        };
        screen.print(&format!("Total Average PSNR: {:.2}", mean.result));
        screen.print(&format!("Total Average PSNR of {seen}: {:.2}", mean.y));
        screen.print(&format!("Number of samples: {}", scores.count()));
    }

    /// One picture, or what an earlier run measured for it.
    fn one(&self, id: usize, sample: &Sample, scores: &Scores, screen: &Screen) -> Result<Psnr> {
        if self.arguments.own.resume && self.results.is_done(id) {
            return match scores.earlier(id) {
                Some(psnr) => Ok(psnr),
                None => Psnr::of_files(&self.results.load(id)?),
            };
        }
        let side = usize::try_from(self.config.data.image_size)?;
        let original = self
            .dataset
            .transform
            .apply(&load(&sample.path, &self.options)?, side);
        let seed = seed_of(self.options.seed, id);
        let range = Range::of(&self.config.data);
        let x_true = range.to_network(&original, &mut Field::new(!seed, 0));
        let progress = |done, total| screen.steps(done, total);
        let control = Control {
            progress: Some(&progress),
            ..Control::default()
        };
        let denoiser = self.denoiser(sample)?;
        let options = &self.options;
        let operator = self.arguments.deg;
        let restored = experiment::run(&x_true, operator, &*denoiser, options, seed, control)?;
        let [orig, y, x] = [&x_true, &restored.y, &restored.x].map(|p| range.to_unit(p));
        let trio = Trio {
            orig: range::to_bytes(&orig),
            y0: range::to_bytes(&y),
            result: range::to_bytes(&x),
        };
        self.results.save(id, &trio)?;
        Ok(Psnr::of(&orig, &y, &x))
    }

    fn denoiser(&self, sample: &Sample) -> Result<Arc<dyn Denoiser>> {
        let told = self.prior.classes().and(sample.label);
        Ok(self.prior.denoiser(told)?)
    }
}

/// Every picture has its own noise, the same in any subset.
fn seed_of(seed: u64, id: usize) -> u64 {
    seed ^ (id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The pixels as Pillow shows them: libjpeg-turbo's for JPEG, alpha left out.
fn load(path: &Path, options: &RestoreOptions) -> Result<Planar8> {
    let source = files::Source::File(path.to_owned());
    let limits = &options.limits;
    let bytes = picture::read_bytes(&source, limits.file_bytes)?;
    match bytes.starts_with(&[0xFF, 0xD8]) {
        true => Ok(jpeg::file::pixels::decode(&bytes, limits)?),
        false => picture::decode(&bytes).context("not a picture that can be read"),
    }
}
