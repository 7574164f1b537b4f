//! Examples: the pixels and the hints of one, and batches of them.

use tch::{Device, Tensor};

use crate::train::examples::chain::resized;
use crate::train::examples::degrade::{Degradation, compress};
use crate::train::examples::grain::{add_grain, recolour};
use crate::train::examples::pictures::Pictures;
use crate::train::examples::random::Draws;
use crate::train::examples::scene::scene;
use crate::train::examples::task::Task;
use ddrmjpeg::error::Result;
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::runtime::conv_net::edm::Case;

/// Share of synthetic scenes.
const SCENE_SHARE: f64 = 0.03;
/// Share of drawings, if there are any.
const DRAWN_SHARE: f64 = 0.13;
/// Shares of the photographs that are scaled down, get noise or grain, and get other colours.
const SCALED_SHARE: f64 = 0.3;
const GRAIN_SHARE: f64 = 0.25;
const RECOLOURED_SHARE: f64 = 0.2;
/// Smallest size after scaling, as a share of the size before.
const LEAST_SCALE: f64 = 0.5;

/// `N` examples as plain numbers: made on one thread, turned into tensors on another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    side_px: usize,
    /// `[N, 3, side, side]`: the clean picture in `[-1, 1]`.
    clean: Vec<f32>,
    /// The clean picture with noise; zeros for examples where the network ignores it.
    noisy: Vec<f32>,
    /// The decoded JPEG; zeros for examples without a hint.
    hint: Vec<f32>,
    /// The other inputs of the network.
    pub cases: Vec<Case>,
    /// Weight of each example's mean square error in the loss.
    pub weights: Vec<f32>,
}

impl Batch {
    /// The examples of step `step`.
    ///
    /// # Errors
    /// None for crops whose sides are multiples of 16.
    pub fn make(plan: &Plan, pictures: &Pictures, step: u64) -> Result<Self> {
        let mut batch = Self {
            side_px: plan.side_px,
            clean: Vec::new(),
            noisy: Vec::new(),
            hint: Vec::new(),
            cases: Vec::new(),
            weights: Vec::new(),
        };
        for index in 0..plan.count {
            let draws = Draws::new(plan.seed, step, index as u64);
            batch.add(plan, pictures, draws)?;
        }
        Ok(batch)
    }

    fn add(&mut self, plan: &Plan, pictures: &Pictures, mut draws: Draws) -> Result<()> {
        let task = Task::draw(plan.one_call_share, &mut draws);
        let how = Degradation::draw(plan.side_px, pictures.least_px(), &mut draws);
        let source = source(pictures, how.source_px(plan.side_px), &mut draws);
        let (clean, hint) = compress(&source, plan.side_px, &how)?;
        let clean = samples(&clean);
        let jpeg_error = mean_square(&clean, &hint.decoded.data);
        self.cases.push(task.case(&hint, plan.one_call_sigma));
        self.weights.push(task.weight(&hint, jpeg_error) as f32);
        let zeros = || std::iter::repeat_n(0.0, clean.len());
        match task {
            Task::Blind(_) => self.hint.extend(zeros()),
            _ => self.hint.extend(&hint.decoded.data),
        }
        match task.noise() {
            None => self.noisy.extend(zeros()),
            Some(sigma) => {
                let noisy = clean.iter().map(|&x| x + (sigma * draws.gaussian()) as f32);
                self.noisy.extend(noisy);
            }
        }
        self.clean.extend(clean);
        Ok(())
    }

    /// Clean, noisy and hint as `[N, 3, side, side]` f32 on `device`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn tensors(&self, device: Device) -> Result<[Tensor; 3]> {
        let side = self.side_px as i64;
        let tensor = |data: &[f32]| -> Result<Tensor> {
            let packed = Tensor::f_from_slice(data)?.f_view([-1, 3, side, side])?;
            Ok(packed.f_to_device(device)?)
        };
        Ok([
            tensor(&self.clean)?,
            tensor(&self.noisy)?,
            tensor(&self.hint)?,
        ])
    }
}

/// A clean square of `side_px`: a synthetic scene, a drawing or a photograph.
fn source(pictures: &Pictures, side_px: usize, draws: &mut Draws) -> Planar8 {
    if draws.chance(SCENE_SHARE) {
        return scene(side_px, draws);
    }
    if pictures.has_drawings() && draws.chance(DRAWN_SHARE) {
        return pictures.drawing(side_px, draws);
    }
    photograph(pictures, side_px, draws)
}

/// A square of a photograph, varied as cameras and editors vary.
fn photograph(pictures: &Pictures, side_px: usize, draws: &mut Draws) -> Planar8 {
    let scale = match draws.chance(SCALED_SHARE) {
        true => draws.between(LEAST_SCALE, 1.0),
        false => 1.0,
    };
    let before = ((side_px as f64 / scale) as usize).min(pictures.least_px());
    let mut found = pictures.crop(before, draws);
    if before > side_px {
        found = resized(&found, side_px, draws);
    }
    if draws.chance(RECOLOURED_SHARE) {
        recolour(&mut found, draws);
    }
    if draws.chance(GRAIN_SHARE) {
        add_grain(&mut found, draws);
    }
    found
}

/// What the examples of a training have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub seed: u64,
    pub count: usize,
    pub side_px: usize,
    pub one_call_share: f64,
    pub one_call_sigma: f64,
}

/// Three planes in `[-1, 1]`.
pub(crate) fn samples(picture: &Planar8) -> Vec<f32> {
    let planes = (0..3).map(|c| &picture.planes[c.min(picture.planes.len() - 1)]);
    planes
        .flat_map(|plane| plane.data.iter().map(|&byte| f32::from(byte) / 127.5 - 1.0))
        .collect()
}

/// Mean square of the differences.
pub(crate) fn mean_square(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    sum / a.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::examples::degrade::MARGIN_PX;
    use crate::train::examples::scene::scene;

    fn pictures() -> Pictures {
        let all = (0..6)
            .map(|i| scene(96, &mut Draws::new(0, 0, i)))
            .collect();
        Pictures::new(all, Vec::new(), 1, 64 + MARGIN_PX).unwrap()
    }

    fn plan(count: usize) -> Plan {
        Plan {
            seed: 11,
            count,
            side_px: 64,
            one_call_share: 0.8,
            one_call_sigma: 20.0,
        }
    }

    #[test]
    fn a_step_has_its_own_examples_whatever_came_before() {
        let pictures = pictures();
        let make = |step| Batch::make(&plan(3), &pictures, step).unwrap();
        assert_eq!(make(5), make(5));
        assert_ne!(make(5), make(6));
    }

    /// x is the clean picture plus noise of the σ that the network gets. The standard error over
    /// 12,288 samples is 0.7 %; the test allows four.
    #[test]
    fn noise_has_the_level_that_is_told() {
        let batch = Batch::make(&plan(40), &pictures(), 0).unwrap();
        let n = 3 * 64 * 64;
        let mut seen = 0;
        for (i, case) in batch.cases.iter().enumerate() {
            let part = |data: &[f32]| data[i * n..(i + 1) * n].to_vec();
            if case.sigma < 20.0 {
                let found = mean_square(&part(&batch.clean), &part(&batch.noisy)).sqrt();
                assert!(
                    (found / case.sigma - 1.0).abs() < 0.028,
                    "{found} for {}",
                    case.sigma
                );
                seen += 1;
            } else {
                assert!(part(&batch.noisy).iter().all(|&x| x == 0.0));
            }
            let told = case.tables[0] == 1.0;
            assert_eq!(part(&batch.hint).iter().any(|&x| x != 0.0), told);
        }
        assert!(seen > 0);
    }
}
