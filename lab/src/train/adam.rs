//! AdamW (Loshchilov and Hutter, arXiv 1711.05101) on one flat vector, and the running average of
//! the weights. With [`Muon`], that method gives the directions of the convolutions.

use tch::Tensor;

use crate::train::muon::Muon;
use ddrmjpeg::error::Result;

const BETA_1: f64 = 0.9;
/// Lower than the usual 0.999, because trainings here have only some thousand steps.
const BETA_2: f64 = 0.99;
const EPSILON: f64 = 1e-8;
const DECAY: f64 = 1e-3;
/// A longer gradient is clipped to this length.
const LONGEST: f64 = 1.0;

/// The weights, the two moments, and the averaged weights; all `[P]` f32.
pub(crate) struct Adam {
    pub weights: Tensor,
    pub first: Tensor,
    pub second: Tensor,
    pub average: Tensor,
    /// Directions of the convolutions; `None`: AdamW for these too.
    pub muon: Option<Muon>,
}

impl Adam {
    /// A fresh start from `weights`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn new(weights: Tensor) -> Result<Self> {
        let average = weights.copy();
        Ok(Self {
            first: weights.f_zeros_like()?,
            second: weights.f_zeros_like()?,
            weights: weights.f_set_requires_grad(true)?,
            average,
            muon: None,
        })
    }

    /// Moves the weights along their gradient, as step `step` (from 0) at `rate`. Returns the
    /// gradient's length.
    ///
    /// # Errors
    /// libtorch's.
    pub fn step(&mut self, step: u64, rate: f64, averaging: f64) -> Result<f64> {
        tch::no_grad(|| {
            let mut gradient = self.weights.f_grad()?;
            let length = gradient.f_norm()?.f_double_value(&[])?;
            if length > LONGEST {
                let _ = gradient.f_mul_scalar_(LONGEST / length)?;
            }
            self.remember(&gradient)?;
            let _ = self.weights.f_mul_scalar_(1.0 - rate * DECAY)?;
            let _ = self
                .weights
                .f_sub_(&self.direction(&gradient, step)?.f_mul_scalar(rate)?)?;
            self.follow(step, averaging)?;
            let _ = gradient.f_zero_()?;
            Ok(length)
        })
    }

    fn remember(&mut self, gradient: &Tensor) -> Result<()> {
        let _ = self.first.f_mul_scalar_(BETA_1)?;
        let _ = self.first.f_add_(&gradient.f_mul_scalar(1.0 - BETA_1)?)?;
        let _ = self.second.f_mul_scalar_(BETA_2)?;
        let _ = self
            .second
            .f_add_(&gradient.f_square()?.f_mul_scalar_(1.0 - BETA_2)?)?;
        Ok(())
    }

    fn direction(&self, gradient: &Tensor, step: u64) -> Result<Tensor> {
        let direction = self.adam(step)?;
        if let Some(muon) = &self.muon {
            // The momentum of the next step (Nesterov); its length does not matter.
            let ahead = self.first.f_mul_scalar(BETA_1)?;
            let ahead = ahead.f_add(&gradient.f_mul_scalar(1.0 - BETA_1)?)?;
            muon.redirect(&direction, &ahead)?;
        }
        Ok(direction)
    }

    fn adam(&self, step: u64) -> Result<Tensor> {
        let t = step as f64 + 1.0;
        let root = self.second.f_sqrt()?;
        let root = root.f_div_scalar((1.0 - BETA_2.powf(t)).sqrt())?;
        let mean = self.first.f_div_scalar(1.0 - BETA_1.powf(t))?;
        Ok(mean.f_div(&root.f_add_scalar(EPSILON)?)?)
    }

    /// The average forgets faster at the start, when the weights are worst.
    fn follow(&mut self, step: u64, averaging: f64) -> Result<()> {
        let t = step as f64;
        let keep = averaging.min((1.0 + t) / (10.0 + t));
        let _ = self.average.f_mul_scalar_(keep)?;
        let _ = self
            .average
            .f_add_(&self.weights.f_mul_scalar(1.0 - keep)?)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    /// The first step is `rate` long in every direction, whatever the gradient's length, because
    /// the corrections of the moments cancel. ε and f32 leave 1e-6.
    #[test]
    fn the_first_step_is_as_long_as_the_rate() {
        let start = Tensor::from_slice(&[1.0f32, -2.0, 0.0]);
        let mut adam = Adam::new(start.copy()).unwrap();
        let slopes = Tensor::from_slice(&[0.3f32, -0.04, 0.2]);
        (&adam.weights * slopes).sum(Kind::Float).backward();
        adam.step(0, 0.01, 0.9).unwrap();
        let moved = Vec::<f32>::try_from(&adam.weights.detach() - start).unwrap();
        for (moved, wanted) in moved.iter().zip([-0.01, 0.01, -0.01]) {
            // Weight decay adds up to 2e-5.
            assert!((moved - wanted).abs() < 2.2e-5, "{moved}");
        }
    }

    #[test]
    fn a_bowl_is_descended_and_the_average_follows() {
        let mut adam = Adam::new(Tensor::from_slice(&[3.0f32, -2.0])).unwrap();
        for step in 0..400 {
            adam.weights.square().sum(Kind::Float).backward();
            adam.step(step, 0.03, 0.9).unwrap();
        }
        for found in [&adam.weights, &adam.average] {
            assert!(found.norm().double_value(&[]) < 0.05, "{found:?}");
        }
    }
}
