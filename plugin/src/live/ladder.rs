//! Cheaper work than requested, in the order in which it is tried if time is short: fewer draws or
//! views (half each time), then the preset `fast`, then a smaller model.
//!
//! A frame is always restored as a whole, never only some of its tiles. The smaller model is used
//! for as long as the other cannot keep up (`tier`), not for single frames, which would flicker.
//! Called by `pace`.

use ddrmjpeg::RestoreOptions;
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::model::registry;
use ddrmjpeg::options::Preset;
use ddrmjpeg::sampler::plan::Plan;

use crate::settings::ElementOptions;

/// One way to restore a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The options for the core.
    pub options: ElementOptions,
    /// Its approximate share of the work of the first rung.
    pub share: f64,
}

impl Rung {
    /// Whether it uses a smaller model than `asked`.
    pub fn is_lesser(&self, asked: &ElementOptions) -> bool {
        self.options.model.model.as_str() != asked.model.model.as_str()
    }

    /// `options` with this amount of work.
    pub fn of(&self, options: RestoreOptions) -> RestoreOptions {
        let work = &self.options.restore;
        options
            .with_preset(work.preset)
            .with_steps(work.steps)
            .with_samples(work.samples)
    }
}

/// All rungs, from the requested work to the least that still restores.
pub fn rungs(asked: &ElementOptions) -> Vec<Rung> {
    let rung = |restore, share| Rung {
        options: ElementOptions {
            model: asked.model.clone(),
            restore,
        },
        share,
    };
    let asked = &asked.restore;
    let mut rungs = vec![rung(asked.clone(), 1.0)];
    if asked.preset == Preset::Fast {
        return rungs;
    }
    let plan = plan(asked);
    let draws = plan.averaged();
    let mut fewer = draws / 2;
    while fewer >= 2 {
        let restore = asked.clone().with_samples(Some(fewer));
        rungs.push(rung(restore, fewer as f64 / draws as f64));
        fewer /= 2;
    }
    let least = asked.clone().with_preset(Preset::Fast);
    let least = least.with_steps(None).with_samples(None);
    rungs.push(rung(least, 1.0 / plan.calls().max(1) as f64));
    rungs
}

/// The rung of the smaller model, if there is one. Only built-in models have one, and a config opens
/// another model.
pub fn lesser(asked: &ElementOptions) -> Option<Rung> {
    let model = &asked.model;
    let built_in = registry::find(model.model.as_str()).filter(|_| model.config.is_none())?;
    let lesser = built_in
        .lesser
        .filter(|_| asked.restore.degradation == Degradation::Jpeg)?;
    let least = rungs(asked).pop()?;
    Some(Rung {
        options: ElementOptions {
            model: least.options.model.with_model(lesser.name),
            restore: least.options.restore,
        },
        share: least.share * lesser.work,
    })
}

/// The plan for a model that restores in one call: no other is fast enough for live frames.
fn plan(asked: &RestoreOptions) -> Plan {
    Plan::of(asked, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(restore: RestoreOptions) -> ElementOptions {
        ElementOptions {
            restore,
            ..ElementOptions::default()
        }
    }

    fn of(preset: Preset, samples: Option<usize>) -> Vec<(Preset, Option<usize>, f64)> {
        let restore = RestoreOptions::default().with_preset(preset);
        let rungs = rungs(&asked(restore.with_samples(samples))).into_iter();
        rungs
            .map(|rung| {
                let work = rung.options.restore;
                (work.preset, work.samples, rung.share)
            })
            .collect()
    }

    #[test]
    fn each_preset_ends_at_fast() {
        use Preset::{Fast, Paper, Quality, Sample};
        assert_eq!(of(Fast, None), [(Fast, None, 1.0)]);
        assert_eq!(
            of(Quality, None),
            [
                (Quality, None, 1.0),
                (Quality, Some(4), 0.5),
                (Quality, Some(2), 0.25),
                (Fast, None, 0.125)
            ]
        );
        assert_eq!(of(Sample, None).last().unwrap().0, Fast);
        assert_eq!(
            of(Paper, Some(2)),
            [(Paper, Some(2), 1.0), (Fast, None, 0.025)]
        );
    }

    #[test]
    fn lean_gives_way_to_nano_and_no_other_model_does() {
        let asked = asked(RestoreOptions::default().with_preset(Preset::Quality));
        let rung = lesser(&asked).unwrap();
        assert_eq!(rung.options.model.model.as_str(), "nano");
        assert!(rung.is_lesser(&asked) && rung.share < 0.02);
        assert!(rungs(&asked).iter().all(|rung| !rung.is_lesser(&asked)));
        assert_eq!(rung.of(asked.restore.clone()).preset, Preset::Fast);
        let of = |model| ElementOptions {
            model,
            ..asked.clone()
        };
        let nano = asked.model.clone().with_model("nano");
        // The model is the config's, whatever the default is called.
        let described = asked.model.clone().with_config(Some("cat.yml".into()));
        assert_eq!(
            [nano, described].map(|other| lesser(&of(other))),
            [None, None]
        );
    }

    #[test]
    fn what_is_not_about_work_stays() {
        let asked = asked(
            RestoreOptions::default()
                .with_preset(Preset::Quality)
                .with_strength(0.5)
                .with_seed(7),
        );
        for rung in rungs(&asked) {
            let restore = rung.options.restore;
            restore.validate().unwrap();
            assert_eq!((restore.strength, restore.seed), (0.5, 7));
            assert_eq!(rung.options.model, asked.model);
        }
    }
}
