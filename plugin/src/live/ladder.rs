//! Cheaper work than requested, in the order in which it is tried if time is short: fewer draws or
//! views (half each time), then the preset `fast`, then a smaller model.
//!
//! A frame is always restored as a whole, never only some of its tiles. The smaller model is used
//! for as long as the other cannot keep up (`tier`), not for single frames, which would flicker.
//! Called by `pace`.

use ddrmjpeg::Options;
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::model::registry;
use ddrmjpeg::options::Preset;
use ddrmjpeg::sampler::plan::Plan;

/// One way to restore a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The options for the core.
    pub options: Options,
    /// Its approximate share of the work of the first rung.
    pub share: f64,
}

impl Rung {
    /// Whether it uses a smaller model than `asked`.
    pub fn is_lesser(&self, asked: &Options) -> bool {
        self.options.model.as_str() != asked.model.as_str()
    }

    /// `options` with this amount of work and this model.
    pub fn of(&self, options: Options) -> Options {
        options
            .with_model(self.options.model.clone())
            .with_preset(self.options.preset)
            .with_steps(self.options.steps)
            .with_samples(self.options.samples)
    }
}

/// All rungs, from the requested work to the least that still restores.
pub fn rungs(asked: &Options) -> Vec<Rung> {
    let mut rungs = vec![Rung {
        options: asked.clone(),
        share: 1.0,
    }];
    if asked.preset == Preset::Fast {
        return rungs;
    }
    let plan = plan(asked);
    let draws = plan.averaged();
    let mut fewer = draws / 2;
    while fewer >= 2 {
        rungs.push(Rung {
            options: asked.clone().with_samples(Some(fewer)),
            share: fewer as f64 / draws as f64,
        });
        fewer /= 2;
    }
    rungs.push(Rung {
        options: asked
            .clone()
            .with_preset(Preset::Fast)
            .with_steps(None)
            .with_samples(None),
        share: 1.0 / plan.calls().max(1) as f64,
    });
    rungs
}

/// The rung of the smaller model, if there is one. Only built-in models have one, and a config opens
/// another model.
pub fn lesser(asked: &Options) -> Option<Rung> {
    let built_in = registry::find(asked.model.as_str()).filter(|_| asked.config.is_none())?;
    let lesser = built_in
        .lesser
        .filter(|_| asked.degradation == Degradation::Jpeg)?;
    let least = rungs(asked).pop()?;
    Some(Rung {
        options: least.options.with_model(lesser.name),
        share: least.share * lesser.work,
    })
}

/// The plan for a model that restores in one call: no other is fast enough for live frames.
fn plan(asked: &Options) -> Plan {
    Plan::of(asked, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(preset: Preset, samples: Option<usize>) -> Vec<(Preset, Option<usize>, f64)> {
        let asked = Options::default().with_preset(preset).with_samples(samples);
        let rungs = rungs(&asked).into_iter();
        rungs
            .map(|rung| (rung.options.preset, rung.options.samples, rung.share))
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
        let asked = Options::default().with_preset(Preset::Quality);
        let rung = lesser(&asked).unwrap();
        assert_eq!(
            (rung.options.model.as_str(), rung.options.preset),
            ("nano", Preset::Fast)
        );
        assert!(rung.is_lesser(&asked) && rung.share < 0.02);
        assert!(rungs(&asked).iter().all(|rung| !rung.is_lesser(&asked)));
        assert_eq!(rung.of(asked.clone()).model.as_str(), "nano");
        let nano = asked.clone().with_model("nano");
        // The model is the config's, whatever the default is called.
        let described = asked.with_config(Some("cat.yml".into()));
        assert_eq!([nano, described].map(|other| lesser(&other)), [None, None]);
    }

    #[test]
    fn what_is_not_about_work_stays() {
        let asked = Options::default()
            .with_preset(Preset::Quality)
            .with_strength(0.5)
            .with_seed(7);
        for rung in rungs(&asked) {
            rung.options.validate().unwrap();
            assert_eq!((rung.options.strength, rung.options.seed), (0.5, 7));
        }
    }
}
