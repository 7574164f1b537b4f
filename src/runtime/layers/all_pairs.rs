//! Attention between all pixels of a picture: `softmax(q·k / √d)·v`, head by head.
//!
//! Pictures are treated as sequences of T = H·W pixels. The softmax is libtorch's own fused one,
//! which sums in f32 for every kind.

use tch::Tensor;

use crate::error::Result;
use crate::runtime::multiplies;

/// Which of head and q/k/v comes first among the channels of one joint projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkvOrder {
    /// `[heads, (q, k, v), d]`: guided-diffusion's legacy order, that of its checkpoints.
    HeadsFirst,
    /// `[(q, k, v), heads, d]`: its new order.
    QkvFirst,
}

/// Self-attention of `qkv` `[N, T, 3·C]` with `heads` heads: `[N, T, C]`.
pub fn attend_joint(qkv: &Tensor, heads: i64, order: QkvOrder) -> Result<Tensor> {
    let (n, length, width) = qkv.size3()?;
    let depth = width / 3 / heads;
    // To [3, N, heads, T, d].
    let parts = match order {
        QkvOrder::HeadsFirst => qkv
            .f_reshape([n, length, heads, 3, depth])?
            .f_permute([3, 0, 2, 1, 4])?,
        QkvOrder::QkvFirst => qkv
            .f_reshape([n, length, 3, heads, depth])?
            .f_permute([2, 0, 3, 1, 4])?,
    };
    let [q, k, v] = [0, 1, 2].map(|part| parts.f_select(0, part));
    let mixed = attend(&q?, &k?, &v?)?;
    Ok(mixed.f_transpose(1, 2)?.f_reshape([n, length, width / 3])?)
}

/// `softmax(q·kᵀ / √d)·v` of three `[N, heads, T, d]`.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    // Every row of q is multiplied by every row of k, and its weights by every row of v.
    let macs = 2 * q.numel() as i64 * k.size4()?.2;
    multiplies::product(macs, || {
        Ok(Tensor::f_scaled_dot_product_attention(
            q,
            k,
            v,
            None::<&Tensor>,
            0.0,
            false,
            None,
            false,
        )?)
    })
}

/// `[N, C, H, W]` as a sequence of pixels `[N, H·W, C]`; free if channels are last.
pub fn to_sequence(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_flatten(1, 2)?)
}

/// The inverse of [`to_sequence`] for a picture of `height` rows.
pub fn to_picture(x: &Tensor, height: i64, width: i64) -> Result<Tensor> {
    Ok(x.f_unflatten(1, [height, width])?.f_permute([0, 3, 1, 2])?)
}
