//! A prior of one's own: a blur that only the file's levels hold in check.
//!
//! `cargo run --release --example own_prior -- in.jpg`

use std::fs;
use std::sync::Arc;

use ddrmjpeg::{
    Control, Denoiser, Hint, ModelFacts, Picture, Reach, RestoreOptions, Restorer, Result,
};

/// Takes each pixel for the mean of itself and its four neighbours.
struct Blur;

impl Denoiser for Blur {
    fn denoise(&self, x: &Picture, _sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let from = hint.map_or(x, |hint| &hint.decoded);
        let mut out = from.clone();
        for c in 0..from.channels {
            let plane = from.plane(c);
            let at = |x: usize, y: usize| plane[y * from.width + x];
            for (i, sample) in out.plane_mut(c).iter_mut().enumerate() {
                let (x, y) = (i % from.width, i / from.width);
                let (right, low) = ((x + 1).min(from.width - 1), (y + 1).min(from.height - 1));
                let sum = at(x, y) + at(x.saturating_sub(1), y) + at(right, y);
                *sample = (sum + at(x, y.saturating_sub(1)) + at(x, low)) / 5.0;
            }
        }
        Ok(out)
    }

    fn reach(&self) -> Reach {
        Reach::Halo {
            halo_px: 8,
            align_px: 8,
        }
    }

    /// It answers from the hint alone, so one call is enough.
    fn facts(&self) -> &ModelFacts {
        static KNOWN: ModelFacts = ModelFacts {
            one_call: true,
            ..ModelFacts::UNKNOWN
        };
        &KNOWN
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let input = std::env::args().nth(1).ok_or("usage: own_prior IN.jpg")?;
    let restorer = Restorer::with_denoiser(Arc::new(Blur));
    let options = RestoreOptions::default();
    let restored = restorer.restore_jpeg(&fs::read(input)?, &options, Control::default())?;
    println!(
        "{} x {}, {} calls",
        restored.frame.width(),
        restored.frame.height(),
        restored.report.network_calls
    );
    Ok(())
}
