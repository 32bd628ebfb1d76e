//! Rotary position embedding.

use crate::error::NnError;
use candle_core::{D, Device, Tensor};

/// Turns each pair of features by an angle that grows with the position (Su et al. 2021): `x` is `.. x time x d`.
///
/// Feature `i` is paired with `i + d / 2`, as in Llama's checkpoints; `offset` is the position of the first row and
/// `base` the longest wavelength over 2 pi, 10,000 in the paper.
///
/// # Errors
/// [`NnError::Shape`] for an odd `d`; [`NnError::Candle`], [`NnError::OutOfMemory`].
pub fn rope(x: &Tensor, offset: usize, base: f64) -> Result<Tensor, NnError> {
    let (time, d) = (x.dim(D::Minus2)?, x.dim(D::Minus1)?);
    if d % 2 != 0 {
        return Err(NnError::Shape {
            layer: "rope".to_owned(),
            expected: "an even number of features per head".to_owned(),
            found: x.dims().to_vec(),
            after: None,
        });
    }
    let half = d / 2;
    let angle = |i: usize| (offset + i / half) as f64 * base.powf(-((i % half) as f64) / half as f64);
    let table = |f: fn(f64) -> f64| {
        let values: Vec<f64> = (0..time * half).map(|i| f(angle(i))).collect();
        Tensor::from_vec(values, (time, half), &Device::Cpu)?.to_dtype(x.dtype())?.to_device(x.device())
    };
    let (cos, sin) = (table(f64::cos)?, table(f64::sin)?);
    let (a, b) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
    let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
    Ok(Tensor::cat(&[&first, &second], D::Minus1)?)
}
