//! The training loop: from the first weights, or from a state, to the end of the schedule.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tch::{Device, Kind};

use crate::train::adam::Adam;
use crate::train::examples::degrade::MARGIN_PX;
use crate::train::examples::example::Plan;
use crate::train::examples::feed::Feed;
use crate::train::examples::pictures::Pictures;
use crate::train::loss::loss;
use crate::train::muon::Muon;
use crate::train::options::{Optimizer, TrainOptions};
use crate::train::plot;
use crate::train::record;
use crate::train::record::{Record, Row};
use crate::train::schedule;
use crate::train::schedule::Progress;
use crate::train::state;
use crate::train::validate::Validation;
use crate::train::weights::{Stored, Views, first_weights, flatten};
use ddrmjpeg::contract::spread::SpreadTable;
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::model::checkpoint;
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::runtime::backend;
use ddrmjpeg::runtime::conv_net::plain;
use ddrmjpeg::runtime::conv_net::plain::Core;
use ddrmjpeg::runtime::tensors::TensorSource;
use ddrmjpeg::runtime::tensors::metadata::{say_drawings, say_one_call_only};
use ddrmjpeg::runtime::tensors::shapes::{Shapes, parameter_count};
use ddrmjpeg::runtime::worker::Worker;

/// The state in the folder of a training.
pub const STATE: &str = "state.safetensors";
/// The averaged weights in that folder, f16: a model to restore with.
pub const MODEL: &str = "model.safetensors";
/// The record in that folder.
pub const LOG: &str = "log.csv";

/// The curves of the record in that folder.
pub const CURVES: &str = "curves.svg";

/// What is reported during training.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Training starts, or continues, at this step.
    Begun(u64),
    /// A step was done.
    Step(Row),
    /// State and model were written after this many steps.
    Saved(u64),
}

/// Where a training reads and writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    /// Folder for the state, the model and the record; created if needed.
    pub out: PathBuf,
    /// A model to start from; `None`: random weights.
    pub from: Option<PathBuf>,
    /// Continue from the state in `out`.
    pub resume: bool,
}

/// Smallest side of a picture that `options` can train on.
pub fn least_side_px(options: &TrainOptions) -> usize {
    options.crop_px + MARGIN_PX
}

/// Trains until the schedule ends or `stop` is set; state and model are then in
/// `places.out`.
///
/// # Errors
/// [`Error::Options`], [`Error::Io`], [`Error::Checkpoint`] for the files, [`Error::Input`] if
/// `places.out` holds another training, [`Error::Backend`] if libtorch fails or the loss is not
/// finite.
pub fn train(
    options: &TrainOptions,
    places: &Places,
    pictures: Pictures,
    stop: &'static AtomicBool,
    observe: impl FnMut(&Event) + Send + 'static,
) -> Result<()> {
    options.validate()?;
    let device = backend::device(options.device)?;
    let worker = Worker::of(device, options.threads)?;
    let (options, places) = (options.clone(), places.clone());
    worker.call(move || {
        tch::with_grad(|| {
            let mut training = Training::begin(options, &places, pictures, device)?;
            training.run(stop, observe)
        })
    })
}

/// The network that is trained: its metadata and its tensors.
struct Subject {
    metadata: BTreeMap<String, String>,
    shapes: Shapes,
}

impl Subject {
    fn new(mut metadata: BTreeMap<String, String>) -> Result<Self> {
        SpreadTable::forget(&mut metadata);
        let shapes = Own::of(&metadata)?.shapes(&metadata)?;
        Ok(Self { metadata, shapes })
    }

    /// The subject with its metadata completed for training with `options`.
    fn to_train(mut metadata: BTreeMap<String, String>, options: &TrainOptions) -> Result<Self> {
        say_one_call_only(&mut metadata, options.one_call_share >= 1.0);
        Self::new(metadata)
    }

    fn core(&self, flat: &tch::Tensor, arithmetic: Kind) -> Result<Box<dyn Core>> {
        let mut views = Views::of(flat, &self.shapes)?;
        let net = Own::of(&self.metadata)?.net(&self.metadata)?;
        plain::core(net, &mut views, arithmetic)
    }
}

struct Training {
    options: TrainOptions,
    subject: Subject,
    out: PathBuf,
    device: Device,
    arithmetic: Kind,
    adam: Adam,
    progress: Progress,
    validation: Validation,
    feed: Feed,
    record: Record,
}

impl Training {
    fn begin(
        options: TrainOptions,
        places: &Places,
        pictures: Pictures,
        device: Device,
    ) -> Result<Self> {
        let out = &places.out;
        std::fs::create_dir_all(out).map_err(|e| Error::io(out, e))?;
        check_folder(places)?;
        let (mut subject, mut adam, progress) = match places.resume {
            true => resumed(out, device)?,
            false => fresh(&options, places.from.as_deref(), device)?,
        };
        if pictures.has_drawings() {
            say_drawings(&mut subject.metadata);
        }
        let arithmetic = backend::kind(options.precision, device);
        if options.optimizer == Optimizer::Muon {
            adam.muon = Some(Muon::of(&subject.shapes, arithmetic));
        }
        let one_call_sigma = subject.core(&adam.average, arithmetic)?.one_call_sigma();
        let validation = Validation::new(pictures.held_out())?;
        let plan = Plan {
            seed: options.seed,
            count: options.batch,
            side_px: options.crop_px,
            one_call_share: options.one_call_share,
            one_call_sigma,
        };
        Ok(Self {
            feed: Feed::start(plan, Arc::new(pictures), progress.step)?,
            record: Record::open(&out.join(LOG), progress.step)?,
            out: out.clone(),
            options,
            subject,
            device,
            arithmetic,
            adam,
            progress,
            validation,
        })
    }

    fn run(&mut self, stop: &AtomicBool, mut observe: impl FnMut(&Event)) -> Result<()> {
        observe(&Event::Begun(self.progress.step));
        let mut saved = Instant::now();
        while !schedule::over(&self.options, self.progress) && !stop.load(Ordering::Relaxed) {
            let row = self.step()?;
            self.record.add(&row)?;
            observe(&Event::Step(row));
            if saved.elapsed().as_secs() >= self.options.checkpoint_s {
                self.save()?;
                observe(&Event::Saved(self.progress.step));
                saved = Instant::now();
            }
        }
        self.save()?;
        observe(&Event::Saved(self.progress.step));
        Ok(())
    }

    fn step(&mut self) -> Result<Row> {
        let start = Instant::now();
        let rate = schedule::rate(&self.options, self.progress);
        let batch = self.feed.next()?;
        let core = self.subject.core(&self.adam.weights, self.arithmetic)?;
        let loss = loss(&*core, &batch, self.device)?;
        loss.total.f_backward()?;
        let value = loss.total.f_double_value(&[])?;
        if !value.is_finite() {
            return Err(Error::Backend(format!(
                "the loss is {value} at step {}: try a lower rate",
                self.progress.step
            )));
        }
        let step = self.progress.step;
        let gradient = self.adam.step(step, rate, self.options.averaging)?;
        self.progress.step += 1;
        let scores = match self.progress.step % self.options.validate_every {
            0 => self.validate()?,
            _ => Vec::new(),
        };
        self.progress.seconds += start.elapsed().as_secs_f64();
        if self.progress.step == self.options.warm_up {
            self.progress.warm_seconds = self.progress.seconds;
        }
        Ok(Row {
            step: self.progress.step,
            seconds: self.progress.seconds,
            rate,
            loss: value,
            one_call: loss.one_call.unwrap_or(f64::NAN),
            gradient,
            scores,
        })
    }

    fn validate(&self) -> Result<Vec<crate::train::validate::Score>> {
        tch::no_grad(|| {
            let core = self.subject.core(&self.adam.average, self.arithmetic)?;
            self.validation.scores(&*core, self.device)
        })
    }

    fn save(&self) -> Result<()> {
        let metadata = &self.subject.metadata;
        state::save(&self.out.join(STATE), &self.adam, self.progress, metadata)?;
        let model = Stored::parts(&self.adam.average, &self.subject.shapes)?;
        write_safetensors(&self.out.join(MODEL), &model, metadata, StoreAs::F16)?;
        let curves = self.out.join(CURVES);
        let rows = record::read(&self.out.join(LOG))?;
        std::fs::write(&curves, plot::svg(&rows)?).map_err(|e| Error::io(&curves, e))
    }
}

/// A folder with a state belongs to another training, unless this one resumes it.
fn check_folder(places: &Places) -> Result<()> {
    let there = places.out.join(STATE).exists();
    let fault = match (there, places.resume) {
        (true, false) => "holds a training: resume it, or choose another folder",
        (false, true) => "holds no training to resume",
        _ => return Ok(()),
    };
    Err(Error::Input(format!("{}: {fault}", places.out.display())))
}

fn resumed(out: &Path, device: Device) -> Result<(Subject, Adam, Progress)> {
    let path = out.join(STATE);
    let mut network = checkpoint::open(&path)?.metadata().clone();
    for key in state::KEYS {
        network.remove(key);
    }
    let subject = Subject::new(network)?;
    let parameters = parameter_count(&subject.shapes);
    let (adam, progress) = state::load(&path, parameters, device)?;
    Ok((subject, adam, progress))
}

fn fresh(
    options: &TrainOptions,
    from: Option<&Path>,
    device: Device,
) -> Result<(Subject, Adam, Progress)> {
    let (subject, flat) = match from {
        Some(path) => {
            let source = checkpoint::open(path)?;
            let subject = Subject::to_train(source.metadata().clone(), options)?;
            let flat = flatten(&*source, &subject.shapes)?;
            (subject, flat)
        }
        None => {
            let subject =
                Subject::to_train(options.network.checkpoint()?.metadata().clone(), options)?;
            let flat = first_weights(&subject.shapes, options.seed)?;
            (subject, flat)
        }
    };
    let adam = Adam::new(flat.f_to_device(device)?)?;
    Ok((subject, adam, Progress::default()))
}
