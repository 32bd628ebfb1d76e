//! Scaled dot-product attention.

use super::linear::matmul;
use super::softmax::{causal_softmax, softmax};
use crate::error::NnError;
use candle_core::{D, DType, Tensor};

/// Attention of `heads` heads from `batch x time x 3 width` (queries, keys, values) to `batch x time x width` as one
/// operation; `None` where there is none, which is everywhere but on a GPU.
pub(crate) fn self_attention(all: &Tensor, heads: usize, causal: bool) -> Result<Option<Tensor>, NnError> {
    #[cfg(feature = "cuda")]
    if super::kernel::on_gpu(all) && all.elem_count() > 0 && heads > 0 && all.dim(D::Minus1)? % (3 * heads) == 0 {
        return Ok(Some(all.contiguous()?.apply_op1(crate::cuda::Attend::new(heads, causal))?));
    }
    let _ = (all, heads, causal);
    Ok(None)
}

/// `softmax(q k' / sqrt(d)) v` (Vaswani et al. 2017); all of `batch x heads x time x d`.
///
/// With `causal` a query sees no later key; the last query stands at the last key. `drop` is applied to the weights.
///
/// # Errors
/// [`NnError::Candle`] for shapes that do not fit, [`NnError::OutOfMemory`].
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    causal: bool,
    drop: impl Fn(Tensor) -> Result<Tensor, NnError>,
) -> Result<Tensor, NnError> {
    let scale = 1.0 / (q.dim(D::Minus1)? as f64).sqrt();
    let scores = matmul(&(q * scale)?.contiguous()?, &k.t()?.contiguous()?)?;
    // The softmax is made in full precision, whatever the products are made in.
    let full = if scores.dtype().size_in_bytes() < 4 { scores.to_dtype(DType::F32)? } else { scores };
    let weights = if causal { causal_softmax(&full)? } else { softmax(&full)? };
    let weights = drop(weights)?.to_dtype(v.dtype())?;
    Ok(matmul(&weights, &v.contiguous()?)?)
}
