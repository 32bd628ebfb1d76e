//! Keeping gradients small.

use crate::error::NnError;
use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

/// How gradients are kept small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    /// All together scaled down to this norm (PyTorch's `clip_grad_norm_`).
    Norm(f64),
    /// Each value cut to this size (PyTorch's `clip_grad_value_`).
    Value(f64),
}

impl Clip {
    /// Refuses a limit that nothing can keep.
    pub(crate) fn check(&self) -> Result<(), NnError> {
        let (name, most) = match *self {
            Clip::Norm(most) => ("clip_norm", most),
            Clip::Value(most) => ("clip_value", most),
        };
        if most > 0.0 {
            return Ok(());
        }
        Err(NnError::Parameter { name, value: most.to_string(), expected: "a number above 0, for instance 1.0" })
    }

    /// The gradients, cut.
    ///
    /// # Errors
    /// [`NnError::Candle`], [`NnError::OutOfMemory`].
    pub fn apply(&self, grads: Vec<Tensor>) -> Result<Vec<Tensor>, NnError> {
        match *self {
            Clip::Value(most) => grads.iter().map(|g| Ok(g.clamp(-most, most)?)).collect(),
            Clip::Norm(most) => {
                let scale = most / (norm(&grads)? + 1e-6);
                if scale >= 1.0 {
                    return Ok(grads);
                }
                grads.iter().map(|g| Ok((g * scale)?)).collect()
            }
        }
    }
}

/// The norm of all gradients as one vector.
///
/// # Errors
/// [`NnError::Candle`], [`NnError::OutOfMemory`].
pub fn norm(grads: &[Tensor]) -> Result<f64, NnError> {
    #[cfg(feature = "cuda")]
    if let Some(norm) = crate::cuda::norm_of(grads)? {
        return Ok(norm);
    }
    let mut sum = 0.0;
    for grad in grads {
        sum += grad.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    }
    Ok(sum.sqrt())
}
