//! Gradients against finite differences.

use crate::error::NnError;
use candle_core::{DType, Tensor, Var};

/// The largest error of the gradient of `f` with respect to `vars`, against central differences.
///
/// `f` must give one number, the variables must be f64 on the CPU. The error is relative where a derivative is larger
/// than 1. A gradient that is right is within about 1e-7; one that is missing counts as 0.
///
/// ```
/// use candle_core::{Device, Var};
///
/// let x = Var::new(&[0.5f64, -2.0], &Device::Cpu)?;
/// let error = ironbook_nn::gradient_error(|| Ok(x.exp()?.sum_all()?), &[&x])?;
/// assert!(error < 1e-7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of `f`; [`NnError::Candle`] for variables of another type.
pub fn gradient_error(f: impl Fn() -> Result<Tensor, NnError>, vars: &[&Var]) -> Result<f64, NnError> {
    const STEP: f64 = 1e-5;
    let grads = f()?.backward()?;
    let mut worst = 0.0f64;
    for var in vars {
        let start = var.flatten_all()?.to_vec1::<f64>()?;
        let found = match grads.get(var) {
            Some(grad) => grad.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?,
            None => vec![0.0; start.len()],
        };
        let at = |i: usize, step: f64| -> Result<f64, NnError> {
            let mut moved = start.clone();
            moved[i] += step;
            var.set(&Tensor::from_vec(moved, var.shape(), var.device())?)?;
            Ok(f()?.to_dtype(DType::F64)?.to_scalar::<f64>()?)
        };
        for (i, found) in found.iter().enumerate() {
            let difference = (at(i, STEP)? - at(i, -STEP)?) / (2.0 * STEP);
            worst = worst.max((difference - found).abs() / difference.abs().max(1.0));
        }
        var.set(&Tensor::from_vec(start, var.shape(), var.device())?)?;
    }
    Ok(worst)
}
