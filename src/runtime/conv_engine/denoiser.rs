//! `Prior`: a network of this project on its device's thread, as a `Denoiser`.
//!
//! The caller (`model`) gives its name, its reach and what was measured for it.

use std::sync::Arc;

use tch::Kind;

use crate::contract::{Denoiser, Follower, Hint, ModelFacts, ONE_CALL_SIGMA, Reach};
use crate::error::Result;
use crate::frame::Picture;
use crate::options::ModelOptions;
use crate::runtime::backend;
use crate::runtime::batch::Batcher;
use crate::runtime::conv_engine::engine::{Engine, Form, Question};
use crate::runtime::conv_engine::follower::Following;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm::Case;
use crate::runtime::conv_net::wiring::Wired;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::source::Weights;
use crate::runtime::worker::{Owned, Worker};

/// A network on one device.
pub(crate) struct Prior<N> {
    engine: Arc<Owned<Engine<N>>>,
    /// `None` if every question is a call of its own.
    batcher: Option<Batcher<Question<'static>, Picture>>,
    reach: Reach,
    facts: ModelFacts,
    one_call_sigma: f64,
}

impl<N: Wired> Prior<N> {
    /// Builds the network with `build` from the tensors of `source`, all of which must be used.
    /// `load` adds to its facts what depends on this machine.
    ///
    /// # Errors
    /// [`crate::Error::Options`] for a missing device, [`crate::Error::Checkpoint`] for tensors
    /// that do not fit, or backend failures.
    pub fn load(
        source: Box<dyn TensorSource>,
        options: &ModelOptions,
        form: Form,
        (reach, facts): (Reach, ModelFacts),
        build: impl Fn(&mut dyn Weights, Kind) -> Result<N> + Send + 'static,
    ) -> Result<Self> {
        let device = backend::device(options.device)?;
        let precision = options.precision;
        let worker = Worker::of(device, options.threads)?;
        let engine = Owned::build(worker, move || {
            let kind = backend::kind(precision, device);
            Engine::load(&*source, (device, kind), form, build)
        })?;
        let batcher = Batcher::of_options(options, device.is_cuda());
        let limit = batcher.as_ref().map_or(1, Batcher::limit);
        let (facts, one_call_sigma) = engine.with(|engine| {
            let facts = ModelFacts {
                // The fast form asks itself one after another.
                at_once: engine.fast().map_or(limit, |_| 1),
                pixel_bytes: engine.pixel_bytes(),
                precision: Some(word(engine.kind())),
                caution: engine.caution().map(str::to_owned),
                ..facts
            };
            Ok((facts, engine.one_call_sigma()))
        })?;
        Ok(Self {
            engine: Arc::new(engine),
            batcher,
            reach,
            facts,
            one_call_sigma,
        })
    }

    fn ask(&self, question: Question<'_>) -> Result<Picture> {
        let Some(batcher) = &self.batcher else {
            return self.engine.with(|engine| engine.estimate(question));
        };
        // SAFETY: only the lifetime changes. The batcher guarantees that nothing refers to the
        // question any more when `ask` returns or unwinds, and what it borrows lives longer than
        // this call.
        let question = unsafe { std::mem::transmute::<Question<'_>, Question<'static>>(question) };
        batcher.ask(question, |ticket| {
            self.engine.with(|engine| {
                batcher.serve(ticket, |asked| engine.estimate_many(asked));
                Ok(())
            })
        })
    }

    /// The estimate for a case that no hint describes.
    #[cfg(test)]
    pub fn estimate(&self, x: &Picture, y: &Picture, case: Case) -> Result<Picture> {
        self.ask(Question {
            size: (x.width, x.height),
            x: (case.sigma < self.one_call_sigma).then_some(x),
            y: Some(y),
            case,
        })
    }
}

impl<N: Wired> Denoiser for Prior<N> {
    /// At a level from the network's one call on, x is at rest.
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let tables = hint.map_or([0.0; conditioning::LENGTH], conditioning::describe);
        self.ask(Question {
            size: (x.width, x.height),
            x: (sigma < self.one_call_sigma).then_some(x),
            y: hint.map(|hint| &hint.decoded),
            case: Case { sigma, tables },
        })
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    fn expect(&self, pieces: usize) {
        if let Some(batcher) = &self.batcher {
            batcher.expect(pieces);
        }
    }

    /// What keeps the maps from frame to frame; none without a fast form that computes parts of a
    /// map exactly.
    fn follower(&self) -> Option<Box<dyn Follower>> {
        if self.one_call_sigma > ONE_CALL_SIGMA {
            return None;
        }
        let following = Following::of(Arc::clone(&self.engine)).ok()?;
        following.map(|following| Box::new(following) as Box<dyn Follower>)
    }
}

/// An arithmetic, as reports have it.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::BFloat16 => "bf16",
        Kind::Half => "f16",
        _ => "f32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lean::tests::prior;
    use crate::options;
    use crate::options::Precision;
    use std::sync::mpsc::channel;
    use std::thread::{scope, sleep};
    use std::time::Duration;
    use tch::Device;

    fn options(max_batch: usize, precision: Precision) -> ModelOptions {
        ModelOptions {
            device: options::Device::Cpu,
            precision,
            max_batch,
            max_delay_ms: 1000.0,
            ..ModelOptions::default()
        }
    }

    fn picture(width: usize, height: usize, seed: f32) -> Picture {
        let data = (0..3 * width * height).map(|i| (i as f32 * (0.1 + seed)).sin());
        Picture::from_data(3, width, height, data.collect()).unwrap()
    }

    fn hint(decoded: Picture, step: u16) -> Hint {
        Hint {
            decoded,
            luma: [step; 64],
            chroma: [2 * step; 64],
            subsampling: (2, 2),
        }
    }

    /// x, σ, hint.
    type Asked = (Picture, f64, Option<Hint>);

    /// Asks `prior` each question from its own thread while the torch thread is busy.
    fn together<N: Wired>(prior: &Prior<N>, asked: &[Asked]) -> Vec<Result<Picture>> {
        let batcher = prior.batcher.as_ref().unwrap();
        let worker = Worker::of(Device::Cpu, 0).unwrap();
        let ((begin, has_begun), (release, released)) = (channel(), channel());
        scope(|scope| {
            scope.spawn(move || {
                worker.call(move || {
                    begin.send(()).unwrap();
                    released.recv().unwrap();
                    Ok(())
                })
            });
            has_begun.recv().unwrap();
            let asking = asked.iter().map(|(x, sigma, hint)| {
                scope.spawn(move || prior.denoise(x, *sigma, hint.as_ref()))
            });
            let asking: Vec<_> = asking.collect();
            while batcher.inside() < asked.len() {
                sleep(Duration::from_millis(1));
            }
            release.send(()).unwrap();
            let answers = asking.into_iter().map(|asking| asking.join().unwrap());
            answers.collect()
        })
    }

    fn calls<N>(prior: &Prior<N>) -> Vec<usize> {
        let mut calls = prior.batcher.as_ref().unwrap().calls.lock().unwrap();
        calls.sort_unstable();
        std::mem::take(&mut calls)
    }

    /// Questions with different noise levels and tables, one without tables.
    fn several() -> Vec<Asked> {
        [
            (0.1, Some(10)),
            (0.3, Some(40)),
            (1.0, None),
            (2.0, Some(3)),
        ]
        .into_iter()
        .map(|(sigma, step)| {
            let hint = step.map(|step| hint(picture(64, 48, 0.01 * f32::from(step)), step));
            (picture(64, 48, sigma as f32), sigma, hint)
        })
        .collect()
    }

    /// Four pictures in one convolution may be summed in another order: 1e-6 on values of order one
    /// is a few roundings of f32.
    #[test]
    fn what_is_asked_together_is_one_call_and_each_has_its_own_answer() {
        let joined = prior(&options(8, Precision::F32), Form::Plain);
        let alone = prior(&options(1, Precision::F32), Form::Plain);
        assert_eq!((joined.facts().at_once, alone.facts().at_once), (8, 1));
        let asked = several();
        let answers = together(&joined, &asked);
        assert_eq!(calls(&joined), [4]);
        for ((x, sigma, hint), found) in asked.iter().zip(answers) {
            let wanted = alone.denoise(x, *sigma, hint.as_ref()).unwrap();
            let found = found.unwrap();
            let pairs = found.data.iter().zip(&wanted.data);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-6, "{worst} at {sigma}");
        }
    }

    /// The fast form computes them one after another, so the bits are the same.
    #[test]
    fn joined_answers_of_the_fast_form_are_the_single_ones() {
        for precision in [Precision::Bf16, Precision::F32] {
            let joined = prior(&options(4, precision), Form::Fast);
            let alone = prior(&options(0, precision), Form::Fast);
            assert!(alone.batcher.is_none());
            assert_eq!(joined.facts().at_once, 1);
            let asked = several();
            let answers = together(&joined, &asked);
            assert_eq!(calls(&joined), [4]);
            for ((x, sigma, hint), found) in asked.iter().zip(answers) {
                let wanted = alone.denoise(x, *sigma, hint.as_ref()).unwrap();
                assert_eq!(found.unwrap(), wanted);
            }
        }
    }

    #[test]
    fn other_sizes_and_what_does_not_look_at_x_are_calls_of_their_own() {
        let prior = prior(&options(8, Precision::F32), Form::Plain);
        let asked = [(64, 48, 0.3), (48, 64, 0.3), (64, 48, 20.0), (64, 48, 0.4)];
        let asked = asked.map(|(width, height, sigma)| {
            let x = picture(width, height, sigma as f32);
            (x.clone(), sigma, Some(hint(x, 20)))
        });
        let answers = together(&prior, &asked);
        assert!(answers.iter().zip(&asked).all(|(answer, (x, ..))| {
            let answer = answer.as_ref().unwrap();
            (answer.width, answer.height) == (x.width, x.height)
        }));
        assert_eq!(calls(&prior), [1, 1, 2]);
    }

    /// Its hint and its picture differ in size, so the network must fail.
    #[test]
    fn a_question_that_fails_does_not_fail_the_others() {
        let prior = prior(&options(8, Precision::F32), Form::Plain);
        let mut asked = several();
        asked[1].2 = Some(hint(picture(64, 32, 0.2), 9));
        let answers = together(&prior, &asked);
        let failed: Vec<bool> = answers.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false, false]);
        assert_eq!(calls(&prior), [4]);
    }

    /// The delay is a second: thirty delays would be noticed.
    #[test]
    fn a_lone_caller_does_not_wait() {
        let prior = prior(&options(8, Precision::F32), Form::Plain);
        let x = picture(16, 16, 0.3);
        let begun = std::time::Instant::now();
        for _ in 0..30 {
            prior.denoise(&x, 0.3, None).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(25));
        assert_eq!(calls(&prior), [1; 30]);
    }
}
