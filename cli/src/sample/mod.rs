//! `ddrmjpeg sample`: the published experiment, with the options, files and figures of its
//! `main.py`. docs/guide/published.md says where the two differ.

// Without libtorch the arguments are checked, and read by the program that has it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
pub mod arguments;
#[cfg(feature = "torch")]
mod log;
#[cfg(feature = "torch")]
mod results;
#[cfg(feature = "torch")]
mod run;
#[cfg(feature = "torch")]
mod score;
#[cfg(feature = "torch")]
mod screen;

use anyhow::Result;

use crate::Outcome;
use crate::sample::arguments::SampleArgs;

/// Runs the experiment.
pub fn run(arguments: &SampleArgs) -> Result<Outcome> {
    let (model, options) = arguments.options()?;
    #[cfg(feature = "torch")]
    return run::run(arguments, &model, options);
    #[cfg(not(feature = "torch"))]
    {
        let _ = (model, options);
        crate::hand_over::all_of("sample")
    }
}
