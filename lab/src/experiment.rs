//! The published experiment on one picture: degrades it by the published operator and restores it.
//!
//! The original is known, so y is decode(encode(x)) of the published operators and no file is read.
//! Everything is f32 in `[-1, 1]`; nothing is rounded to bytes. Called by `ddrmjpeg sample`.

use std::str::FromStr;
use std::sync::atomic::AtomicUsize;

use ddrmjpeg::contract::{Control, Denoiser};
use ddrmjpeg::degradation::{Bits, Degradation};
use ddrmjpeg::error::{Error, Result};
use ddrmjpeg::frame::{Picture, Rect};
use ddrmjpeg::jpeg::grid::published_operator::PublishedMeasurement;
use ddrmjpeg::options::RestoreOptions;
use ddrmjpeg::sampler;
use ddrmjpeg::sampler::Problem;
use ddrmjpeg::sampler::plan::Plan;
use ddrmjpeg::sampler::unhinted::Unhinted;
use ddrmjpeg::solve::{tiled, views};
use ddrmjpeg::source::dequantised::{Levels, QuantMeasurement};

/// The published operators need sides that are multiples of this.
const ALIGN_PX: usize = 16;

/// A published degradation, by its published name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `jpegXX`: the published JPEG at quality XX.
    Jpeg(u8),
    /// `quant`, which is 3 bits, or `quant=Nbit`.
    Quant(Bits),
}

impl FromStr for Operator {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let allowed = "jpegXX with XX in 1..100, quant, or quant=Nbit with N in 2..8";
            Error::option("deg", format_args!("{text:?}"), allowed)
        };
        if let Some(quality) = text.strip_prefix("jpeg") {
            let quality = quality.parse().ok().filter(|q| (1..=100).contains(q));
            return quality.map(Self::Jpeg).ok_or_else(wrong);
        }
        match text.parse() {
            Ok(Degradation::Quant(bits)) => Ok(Self::Quant(bits)),
            _ => Err(wrong()),
        }
    }
}

/// A degraded picture and its restoration, of the size of the original.
#[derive(Clone, Debug, PartialEq)]
pub struct Restoration {
    /// The degraded picture as the published program shows it: levels at the floor of their bins.
    /// Not clamped.
    pub y: Picture,
    /// The restored picture.
    pub x: Picture,
}

/// Degrades `x_true`, `[3, H, W]` in `[-1, 1]`, by `operator`, and restores it with the preset,
/// steps, samples, η, η_b and first timestep of `options`.
///
/// The seed is a separate argument, so that every picture of a set can have its own.
///
/// # Errors
/// [`Error::Options`], [`Error::Input`] for other than three channels, [`Error::Backend`] or
/// [`Error::Cancelled`].
pub fn run(
    x_true: &Picture,
    operator: Operator,
    denoiser: &dyn Denoiser,
    options: &RestoreOptions,
    seed: u64,
    control: Control<'_>,
) -> Result<Restoration> {
    options.validate()?;
    let calls = AtomicUsize::new(0);
    let tiled = tiled::Tiled::new(denoiser, options.tile_size, control, &calls);
    let visible = Rect {
        x: 0,
        y: 0,
        width: x_true.width,
        height: x_true.height,
    };
    let grid = |side: usize| side.next_multiple_of(ALIGN_PX);
    let padded = x_true.pad_to(grid(x_true.width), grid(x_true.height));
    let (y, x) = match operator {
        Operator::Jpeg(quality) => {
            let seen = PublishedMeasurement::of(&padded, quality)?;
            let plan = Plan::of(options, denoiser.facts().one_call);
            plan.check(denoiser.facts())?;
            let problem = Problem {
                denoiser: &views::Symmetric::new(&tiled, plan.views()),
                measurement: &seen,
                hint: &seen.hint(),
                control,
            };
            (seen.decoded().clone(), sampler::run(&plan, &problem, seed)?)
        }
        Operator::Quant(bits) => {
            let seen = Levels::of(&padded, bits);
            let problem = Problem {
                denoiser: &Unhinted(&tiled),
                measurement: &QuantMeasurement::new(&seen),
                hint: &seen.hint(),
                control,
            };
            let plan = Plan::for_levels(options, bits.step());
            plan.check(denoiser.facts())?;
            (seen.at_floor(), sampler::run(&plan, &problem, seed)?)
        }
    };
    Ok(Restoration {
        y: y.crop(visible),
        x: x.crop(visible),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddrmjpeg::model::identity::Identity;
    use ddrmjpeg::options::Preset;

    #[test]
    fn operators_have_their_published_names() {
        assert_eq!("jpeg80".parse::<Operator>().unwrap(), Operator::Jpeg(80));
        let quant = Operator::Quant(Bits::PUBLISHED);
        assert_eq!("quant".parse::<Operator>().unwrap(), quant);
        assert_eq!("quant=3bit".parse::<Operator>().unwrap(), quant);
        for wrong in ["jpeg", "jpeg0", "jpeg101", "jpeg8x", "sr4", "quant=1bit"] {
            let message = wrong.parse::<Operator>().unwrap_err().to_string();
            assert!(message.contains(&format!("{wrong:?}")), "{message}");
        }
    }

    fn wave(width: usize, height: usize) -> Picture {
        let value = |i: usize| ((i % width) as f32 * 0.2 + (i / width) as f32 * 0.05).sin() * 0.9;
        let data = (0..3 * width * height).map(value).collect();
        Picture::from_data(3, width, height, data).unwrap()
    }

    /// Any size works, while the published program needs squares of multiples of 16; and both
    /// operators, while its sampler supports only JPEG.
    #[test]
    fn every_operator_runs_at_every_size() {
        let options = RestoreOptions::default()
            .with_preset(Preset::Paper)
            .with_steps(Some(3));
        for operator in ["jpeg30", "quant", "quant=5bit"] {
            let x_true = wave(37, 21);
            let operator = operator.parse().unwrap();
            let control = Control::default();
            let done = run(&x_true, operator, &Identity, &options, 1, control).unwrap();
            for picture in [&done.y, &done.x] {
                let size = (picture.channels, picture.width, picture.height);
                assert_eq!(size, (3, 37, 21), "{operator:?}");
                assert_ne!(picture.data, x_true.data, "{operator:?}");
            }
        }
    }

    #[test]
    fn a_seed_is_a_result() {
        let options = RestoreOptions::default()
            .with_preset(Preset::Paper)
            .with_steps(Some(3));
        let x = |seed| {
            let control = Control::default();
            let operator = Operator::Jpeg(30);
            run(&wave(16, 16), operator, &Identity, &options, seed, control)
                .unwrap()
                .x
        };
        assert_eq!(x(1), x(1));
        assert_ne!(x(1), x(2));
    }
}
