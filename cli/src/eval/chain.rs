//! The steps from a clean picture to the JPEG that is restored: saves, scaling, cuts, sharpening,
//! noise; how they are typed and printed, and what size they leave.
//!
//! `degrade` carries them out.

use std::fmt;
use std::str::FromStr;

use crate::eval::arguments::Sampling;

/// Shortest side that a step may leave: one MCU of 4:2:0.
pub const LEAST_SIDE_PX: usize = 16;
/// Longest side of a JPEG.
const MOST_SIDE_PX: usize = 65_500;
const FORMS: &str = "jpeg:Q, jpeg:Q:SAMPLING, scale:F, shift:N, crop:N, sharpen:S, noise:S";

/// A save as JPEG by libjpeg's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Save {
    /// 1..=100.
    pub quality: u8,
    /// Ignored for grey.
    pub sampling: Sampling,
}

/// One step before the last save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Saved and decoded.
    Jpeg(Save),
    /// Both sides times this, 0.25..=2.
    Scale(f64),
    /// This many pixels cut off the left and the top, 1..=1024.
    Shift(usize),
    /// This many pixels cut off all four sides, 1..=1024.
    Crop(usize),
    /// Unsharp mask, σ of its blur in pixels, 0.3..=5.
    Sharpen(f64),
    /// Gaussian noise, σ in 8-bit levels, 0.1..=50.
    Noise(f64),
}

/// Steps that end in a save.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// What comes before it.
    pub before: Vec<Step>,
    /// The last save, which is restored.
    pub save: Save,
}

impl Chain {
    /// One save alone.
    pub fn single(quality: u8, sampling: Sampling) -> Self {
        Self {
            before: Vec::new(),
            save: Save { quality, sampling },
        }
    }

    /// The name in tables: the quality of a single save, else all steps.
    pub fn label(&self) -> String {
        match self.before.is_empty() {
            true => self.save.quality.to_string(),
            false => self.to_string(),
        }
    }

    /// The size that the steps leave of a picture.
    ///
    /// # Errors
    /// The step, the size and the limit, if a step leaves too little or too much.
    pub fn check_size(&self, size: (usize, usize)) -> Result<(usize, usize), String> {
        let mut now = size;
        for step in &self.before {
            let next = step.size(now);
            let sides = [next.0, next.1];
            let fits = |side: &usize| (LEAST_SIDE_PX..=MOST_SIDE_PX).contains(side);
            if step.moves_pixels() && !sides.iter().all(fits) {
                return Err(format!(
                    "--chain {self}: {step} leaves {} x {} of {} x {} pixels: must be \
                     {LEAST_SIDE_PX}..{MOST_SIDE_PX} on each side",
                    next.0, next.1, now.0, now.1
                ));
            }
            now = next;
        }
        Ok(now)
    }
}

impl Step {
    /// Whether the step moves pixels, so that the original needs the same step.
    pub fn moves_pixels(self) -> bool {
        matches!(self, Self::Scale(_) | Self::Shift(_) | Self::Crop(_))
    }

    /// The size that it leaves; 0 if nothing is left.
    pub fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        let both = |of: &dyn Fn(usize) -> usize| (of(width), of(height));
        match self {
            Self::Scale(factor) => both(&|side| (side as f64 * factor).round() as usize),
            Self::Shift(px) => both(&|side| side.saturating_sub(px)),
            Self::Crop(px) => both(&|side| side.saturating_sub(2 * px)),
            Self::Jpeg(_) | Self::Sharpen(_) | Self::Noise(_) => (width, height),
        }
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for (number, step) in (1..).zip(text.split(',')) {
            let step = step.trim();
            let parsed: Result<Step, String> = step.parse();
            steps.push(parsed.map_err(|why| format!("step {number}, {step:?}: {why}"))?);
        }
        match steps.pop() {
            Some(Step::Jpeg(save)) => Ok(Self {
                before: steps,
                save,
            }),
            Some(last) => Err(format!(
                "step {}, \"{last}\": the last step must be jpeg:Q",
                steps.len() + 1
            )),
            None => Err(format!("no steps: must be some of {FORMS}")),
        }
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        match name {
            "jpeg" => value.parse().map(Self::Jpeg),
            "scale" => number("the factor", value, 0.25, 2.0).map(Self::Scale),
            "shift" => pixels(value).map(Self::Shift),
            "crop" => pixels(value).map(Self::Crop),
            "sharpen" => number("the sigma in pixels", value, 0.3, 5.0).map(Self::Sharpen),
            "noise" => number("the sigma in levels", value, 0.1, 50.0).map(Self::Noise),
            _ => Err(format!("must be one of {FORMS}")),
        }
    }
}

impl FromStr for Save {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (quality, sampling) = text.split_once(':').unwrap_or((text, "420"));
        match quality.parse() {
            Ok(quality @ 1..=100) => Ok(Self {
                quality,
                sampling: sampling.parse()?,
            }),
            _ => Err(format!("quality = {quality:?}: must be a whole 1..100")),
        }
    }
}

fn number(what: &str, text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("{what} = {text:?}: must be {least}..{most}")),
    }
}

fn pixels(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(value @ 1..=1024) => Ok(value),
        _ => Err(format!("pixels = {text:?}: must be a whole 1..1024")),
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.before {
            write!(f, "{step},")?;
        }
        Step::Jpeg(self.save).fmt(f)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jpeg(save) if save.sampling == Sampling(2, 2) => {
                write!(f, "jpeg:{}", save.quality)
            }
            Self::Jpeg(save) => write!(f, "jpeg:{}:{}", save.quality, save.sampling),
            Self::Scale(factor) => write!(f, "scale:{factor}"),
            Self::Shift(px) => write!(f, "shift:{px}"),
            Self::Crop(px) => write!(f, "crop:{px}"),
            Self::Sharpen(sigma) => write!(f, "sharpen:{sigma}"),
            Self::Noise(sigma) => write!(f, "noise:{sigma}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str, parts: &[&str]) {
        let message = text.parse::<Chain>().unwrap_err();
        for part in parts {
            assert!(message.contains(part), "{text}: {message}: no {part:?}");
        }
    }

    #[test]
    fn a_chain_is_printed_as_it_is_typed() {
        let text = "jpeg:20:444,scale:0.75,shift:4,crop:8,sharpen:0.8,noise:2,jpeg:90";
        let chain: Chain = text.parse().unwrap();
        assert_eq!(chain.before.len(), 6);
        assert_eq!(chain.save.quality, 90);
        assert_eq!(chain.to_string(), text);
        let spaced: Chain = "jpeg:20:420, jpeg:90".parse().unwrap();
        assert_eq!(spaced.label(), "jpeg:20,jpeg:90");
        let single: Chain = "jpeg:20:444".parse().unwrap();
        assert_eq!(single, Chain::single(20, Sampling(1, 1)));
        assert_eq!(single.label(), "20");
    }

    #[test]
    fn a_wrong_step_is_named_with_its_value_and_the_limit() {
        fails("jpeg:20,scale:9,jpeg:90", &["step 2", "9", "0.25..2"]);
        fails("scale:nan,jpeg:90", &["step 1", "nan", "0.25..2"]);
        fails("jpeg:101", &["step 1", "101", "1..100"]);
        fails("jpeg", &["step 1", "\"\"", "1..100"]);
        fails("jpeg:20:411,jpeg:9", &["step 1", "411", "422"]);
        fails("shift:0,jpeg:9", &["step 1", "\"0\"", "1..1024"]);
        fails("crop:1.5,jpeg:9", &["step 1", "1.5", "1..1024"]);
        fails("noise:60,jpeg:9", &["step 1", "60", "0.1..50"]);
        fails("sharpen:-1,jpeg:9", &["step 1", "-1", "0.3..5"]);
        fails("jpeg:20,blur:2,jpeg:9", &["step 2", "blur:2", "noise:S"]);
        fails(
            "jpeg:20,scale:0.5",
            &["step 2", "scale:0.5", "must be jpeg"],
        );
        fails("", &["step 1", "jpeg:Q"]);
        fails("jpeg:20,,jpeg:9", &["step 2", "jpeg:Q"]);
    }

    #[test]
    fn sizes_follow_the_steps_and_have_limits() {
        let size = |text: &str, size| text.parse::<Chain>().unwrap().check_size(size);
        assert_eq!(
            size("jpeg:20,scale:0.75,shift:4,crop:2,jpeg:9", (481, 321)),
            Ok((353, 233))
        );
        let message = size("crop:100,jpeg:9", (321, 200)).unwrap_err();
        for part in ["crop:100", "121 x 0", "321 x 200", "16..65500"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(size("jpeg:9", (3, 2)).is_ok());
    }
}
