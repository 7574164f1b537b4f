//! The published experiment from end to end, with a network in each arithmetic. With random weights
//! the picture means nothing, but the difference between two arithmetics does.

use crate::bench::{Arithmetic, Family, Settings, picture, timed};
use crate::eval::metrics::psnr_of;
use crate::experiment;
use crate::experiment::Operator;
use ddrmjpeg::contract::Control;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::color;
use ddrmjpeg::options::Preset;

/// Side of the picture: the size of the published networks.
const SIDE_PX: usize = 256;

/// Quality of the published JPEG.
const QUALITY: u8 = 20;

/// One walk.
#[derive(Clone, Debug, PartialEq)]
pub struct WalkRow {
    /// Which network.
    pub family: Family,
    /// In which arithmetic.
    pub arithmetic: Arithmetic,
    /// Steps asked for.
    pub steps: usize,
    /// Seconds of the fastest run.
    pub seconds: f64,
    /// PSNR of the result against the clean picture, in dB.
    pub psnr: f64,
}

/// Restores one picture by `steps` published steps in each of `arithmetics`, in turns. Returns no
/// rows if the network has only its one call.
///
/// # Errors
/// Those of opening and calling the networks.
pub fn walks(
    family: Family,
    steps: usize,
    arithmetics: &[Arithmetic],
    settings: &Settings,
) -> Result<Vec<WalkRow>> {
    let options = settings
        .restore
        .clone()
        .with_preset(Preset::Paper)
        .with_steps(Some(steps));
    let clean = clean();
    let model = &settings.model;
    let open = |&arithmetic: &Arithmetic| family.open(arithmetic, model);
    let networks = arithmetics.iter().map(open).collect::<Result<Vec<_>>>()?;
    if networks.iter().any(|network| network.facts().one_call_only) {
        return Ok(Vec::new());
    }
    let row = |&arithmetic: &Arithmetic| WalkRow {
        family,
        arithmetic,
        steps,
        seconds: f64::INFINITY,
        psnr: f64::NAN,
    };
    let mut rows: Vec<WalkRow> = arithmetics.iter().map(row).collect();
    let operator = Operator::Jpeg(QUALITY);
    for _ in 0..settings.rounds.max(1) {
        for (row, network) in rows.iter_mut().zip(&networks) {
            let control = Control::default();
            let walk = || experiment::run(&clean, operator, &**network, &options, 1, control);
            let (seconds, restored) = timed(walk)?;
            row.seconds = row.seconds.min(seconds);
            row.psnr = psnr(&restored.x, &clean);
        }
    }
    Ok(rows)
}

fn clean() -> Picture {
    let planes = picture::made_up(SIDE_PX, SIDE_PX).planes;
    let mut clean = Picture::new(planes.len(), SIDE_PX, SIDE_PX);
    for (c, plane) in planes.iter().enumerate() {
        for (sample, &byte) in clean.plane_mut(c).iter_mut().zip(&plane.data) {
            *sample = color::from_level(f32::from(byte));
        }
    }
    clean
}

/// PSNR in dB of pictures in `[-1, 1]` that are not rounded to bytes.
fn psnr(x: &Picture, clean: &Picture) -> f64 {
    let square = |(a, b): (&f32, &f32)| (127.5 * f64::from(a.clamp(-1.0, 1.0) - b)).powi(2);
    let sum: f64 = x.data.iter().zip(&clean.data).map(square).sum();
    psnr_of(sum / clean.data.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level of 127.5 everywhere against black is 6.02 dB: half the range.
    #[test]
    fn psnr_is_in_bytes_and_clamped() {
        let black = Picture::from_data(1, 2, 1, vec![-1.0, -1.0]).unwrap();
        let grey = Picture::from_data(1, 2, 1, vec![0.0, 0.0]).unwrap();
        assert!((psnr(&grey, &black) - 6.0206).abs() < 1e-3);
        let over = Picture::from_data(1, 2, 1, vec![-7.0, 0.0]).unwrap();
        assert!((psnr(&over, &black) - 9.0309).abs() < 1e-3);
    }
}
