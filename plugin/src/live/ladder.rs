//! Cheaper work than requested, in the order in which it is tried if time is short: fewer draws or
//! views (half each time), then the preset `fast`, then a smaller model.
//!
//! A frame is always restored as a whole, never only some of its tiles. The smaller model is used
//! for as long as the other cannot keep up (`tier`), not for single frames, which would flicker.
//! Called by `pace`.

use ddrmjpeg::Options;
use ddrmjpeg::degradation::Degradation;
use ddrmjpeg::options::Preset;

/// Views that the preset `quality` averages unless `samples` says otherwise.
const VIEWS: usize = 8;

/// A model, the smaller one that replaces it, and the cost of a frame with that, from bytes to
/// pixels, as a share of the cost with the first.
const LESSER: (&str, &str, f64) = ("lean", "nano", 1.0 / 7.0);

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
        self.options.model != asked.model
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
    let draws = draws(asked);
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
        share: 1.0 / (draws * steps(asked)) as f64,
    });
    rungs
}

/// The rung of the smaller model, if there is one.
pub fn lesser(asked: &Options) -> Option<Rung> {
    let (gives_way, model, share) = LESSER;
    let jpeg = asked.degradation == Degradation::Jpeg;
    let least = rungs(asked)
        .pop()
        .filter(|_| jpeg && asked.model == gives_way)?;
    Some(Rung {
        options: least.options.with_model(model),
        share: least.share * share,
    })
}

/// Number of draws or views to average.
fn draws(asked: &Options) -> usize {
    let own = match asked.preset {
        Preset::Quality => VIEWS,
        _ => 1,
    };
    asked.samples.unwrap_or(own).max(1)
}

/// Network calls for each.
fn steps(asked: &Options) -> usize {
    let own = match asked.preset {
        Preset::Sample => 6,
        Preset::Paper => 20,
        _ => 1,
    };
    asked.steps.unwrap_or(own).max(1)
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
            (&*rung.options.model, rung.options.preset),
            ("nano", Preset::Fast)
        );
        assert!(rung.is_lesser(&asked) && rung.share < 0.02);
        assert!(rungs(&asked).iter().all(|rung| !rung.is_lesser(&asked)));
        assert_eq!(rung.of(asked.clone()).model, "nano");
        let other = asked.with_model("nano");
        assert_eq!(lesser(&other), None);
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
