//! The loss of a batch: mean square errors of the estimate, each divided by the expected error.

use tch::{Kind, Tensor};

use crate::train::examples::example::Batch;
use ddrmjpeg::error::Result;
use ddrmjpeg::runtime::conv_net::plain;
use ddrmjpeg::runtime::conv_net::plain::Core;

/// The differentiable loss, and the part from one-call examples, for the record.
pub(crate) struct Loss {
    pub total: Tensor,
    /// Mean weighted error of the one-call examples; `None` if there are none.
    pub one_call: Option<f64>,
}

/// The loss of `core` on `batch`.
///
/// The mean square of F times its squared scale is the mean square error of the estimate. The
/// weights replace the scale, so that levels are balanced by the error that they can reach.
///
/// # Errors
/// libtorch's.
pub(crate) fn loss(core: &dyn Core, batch: &Batch, device: tch::Device) -> Result<Loss> {
    let [clean, noisy, hint] = batch.tensors(device)?;
    let estimate = plain::estimate(core, &noisy, &hint, &batch.cases)?;
    let squares = estimate.f_sub(&clean)?.f_square()?;
    let errors = squares.f_mean_dim(&[1i64, 2, 3][..], false, Kind::Float)?;
    let weights = Tensor::f_from_slice(&batch.weights)?.f_to_device(device)?;
    let weighted = errors.f_mul(&weights)?;
    let one_call = one_call(&weighted, batch, core.one_call_sigma())?;
    let total = weighted.f_mean(Kind::Float)?;
    Ok(Loss { total, one_call })
}

fn one_call(weighted: &Tensor, batch: &Batch, level: f64) -> Result<Option<f64>> {
    let values = Vec::<f64>::try_from(weighted.f_detach()?.f_to_kind(Kind::Double)?)?;
    let pairs = values.iter().zip(&batch.cases);
    let of_one_call: Vec<f64> = pairs
        .filter(|(_, case)| case.sigma >= level)
        .map(|(value, _)| *value)
        .collect();
    let count = of_one_call.len();
    Ok((count > 0).then(|| of_one_call.iter().sum::<f64>() / count as f64))
}
