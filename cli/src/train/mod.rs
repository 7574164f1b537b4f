//! `ddrmjpeg train`: trains a prior on folders of clean pictures, or continues a training.

// Without libtorch the arguments are checked, and read by the program that has it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
pub mod arguments;
#[cfg(feature = "torch")]
mod training;

use anyhow::Result;

use crate::Outcome;
use crate::train::arguments::TrainArgs;

/// Trains to the end of the schedule, or until Ctrl-C.
pub fn run(arguments: &TrainArgs) -> Result<Outcome> {
    let options = arguments.options.resolve()?;
    #[cfg(feature = "torch")]
    return training::run(arguments, &options);
    #[cfg(not(feature = "torch"))]
    {
        let _ = options;
        crate::hand_over::all_of("train")
    }
}
