//! Doubling and halving a picture without weights.

use tch::Tensor;

use crate::error::Result;

/// Each pixel four times: `[N, C, H, W]` to `[N, C, 2H, 2W]`.
pub fn double_nearest(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.size4()?;
    Ok(x.f_upsample_nearest2d([2 * height, 2 * width], None, None)?)
}

/// Means of 2x2 pixels: `[N, C, H, W]` to `[N, C, H/2, W/2]`.
pub fn halve_mean(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)?)
}
