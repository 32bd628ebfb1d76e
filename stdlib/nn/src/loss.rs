//! Losses: how far an output is from its target.

use crate::error::{NnError, in_range};
use crate::ops;
use crate::ops::loss::Pointwise;
use candle_core::{D, DType, Device, Tensor};

/// A loss: a number per row of the batch, and their mean.
///
/// Functions and closures are losses too: `|output: &Tensor, target: &Tensor| -> Result<Tensor, NnError>`.
pub trait Loss {
    /// The mean loss of the batch, a tensor of one number, differentiable with respect to `output`.
    ///
    /// # Errors
    /// [`NnError::Target`] for shapes that do not fit; [`NnError::Candle`], [`NnError::OutOfMemory`].
    fn mean(&self, output: &Tensor, target: &Tensor) -> Result<Tensor, NnError>;

    /// The mean loss with a weight per row: `sum(w loss) / sum(w)`.
    ///
    /// # Errors
    /// As [`mean`](Self::mean); [`NnError::NoWeights`] for a loss that does not weigh.
    fn weighted(&self, output: &Tensor, target: &Tensor, weights: &Tensor) -> Result<Tensor, NnError> {
        let _ = (output, target, weights);
        Err(NnError::NoWeights { loss: self.name() })
    }

    /// Its name.
    fn name(&self) -> &'static str {
        "the loss"
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor, NnError>> Loss for F {
    fn mean(&self, output: &Tensor, target: &Tensor) -> Result<Tensor, NnError> {
        self(output, target)
    }
}

/// Cross entropy of logits (`rows x classes`) and class numbers (`rows`, integers or whole floats); for sequences
/// `rows x time x classes` and `rows x time`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy {
    /// Weight of the uniform distribution in the target, in `0..1` (Szegedy et al. 2016).
    pub smoothing: f64,
}

/// Binary cross entropy of logits and targets in `0..=1` of the same shape; a target `rows` fits an output `rows x 1`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BceWithLogits;

/// Mean squared error; a target `rows` fits an output `rows x 1`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

/// Huber's loss (1964): quadratic up to `delta`, linear beyond; a target `rows` fits an output `rows x 1`.
#[derive(Clone, Copy, Debug)]
pub struct Huber {
    /// Where it becomes linear.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

impl Loss for CrossEntropy {
    fn mean(&self, output: &Tensor, target: &Tensor) -> Result<Tensor, NnError> {
        self.check()?;
        if let Some(loss) = self.on_gpu(output, target)? {
            return Ok(loss);
        }
        let (logits, classes) = self.parts(output, target)?;
        if let Some(loss) = ops::loss::cross_entropy(&logits, &classes, self.smoothing)? {
            return Ok(loss);
        }
        Ok(self.rows(&logits, &classes)?.mean_all()?)
    }

    fn weighted(&self, output: &Tensor, target: &Tensor, weights: &Tensor) -> Result<Tensor, NnError> {
        let (logits, classes) = self.parts(output, target)?;
        weigh(&self.rows(&logits, &classes)?, weights)
    }

    fn name(&self) -> &'static str {
        "CrossEntropy"
    }
}

impl CrossEntropy {
    /// The mean loss without a look at the classes on the CPU, if shapes and classes fit.
    fn on_gpu(&self, output: &Tensor, target: &Tensor) -> Result<Option<Tensor>, NnError> {
        if output.device().is_cpu() || !Self::fits(output, target) {
            return Ok(None);
        }
        let logits = full(output)?.reshape(((), output.dim(D::Minus1)?))?;
        Ok(ops::loss::cross_entropy_on_gpu(&logits, target, self.smoothing)?)
    }

    fn check(&self) -> Result<(), NnError> {
        let expected = "a share of at least 0 and at most 1, for instance 0.1";
        in_range("smoothing", self.smoothing, (0.0..=1.0).contains(&self.smoothing), expected)
    }

    fn fits(output: &Tensor, target: &Tensor) -> bool {
        output.rank() >= 2 && output.dims()[..output.rank() - 1] == *target.dims()
    }

    /// Logits `rows x classes` in f32 at least, and the classes.
    fn parts(&self, output: &Tensor, target: &Tensor) -> Result<(Tensor, Vec<u32>), NnError> {
        if !Self::fits(output, target) {
            return Err(NnError::Target {
                loss: "CrossEntropy",
                expected: "logits of rows x classes and a class number per row",
                output: output.dims().to_vec(),
                target: target.dims().to_vec(),
            });
        }
        self.check()?;
        let width = output.dim(D::Minus1)?;
        let flat = target.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let wrong = |class: &f64| !(class.fract() == 0.0 && *class >= 0.0 && *class < width as f64);
        if let Some(row) = flat.iter().position(wrong) {
            return Err(NnError::Class { row, class: flat[row].to_string(), classes: width });
        }
        let classes = flat.iter().map(|class| *class as u32).collect();
        Ok((full(output)?.reshape(((), width))?, classes))
    }

    fn rows(&self, logits: &Tensor, classes: &[u32]) -> Result<Tensor, NnError> {
        let log = ops::log_softmax(logits)?;
        let index = Tensor::from_vec(classes.to_vec(), (classes.len(), 1), &Device::Cpu)?.to_device(logits.device())?;
        let of_class = log.gather(&index, 1)?.squeeze(1)?;
        if self.smoothing == 0.0 {
            return Ok(of_class.neg()?);
        }
        let even = log.mean(1)?;
        Ok(((of_class * (self.smoothing - 1.0))? - (even * self.smoothing)?)?)
    }
}

/// At least f32: losses are made in full precision.
fn full(x: &Tensor) -> Result<Tensor, NnError> {
    Ok(if x.dtype().size_in_bytes() < 4 { x.to_dtype(DType::F32)? } else { x.clone() })
}

/// `sum(w loss) / sum(w)`.
fn weigh(rows: &Tensor, weights: &Tensor) -> Result<Tensor, NnError> {
    let weights = weights.to_dtype(rows.dtype())?;
    if rows.elem_count() != weights.elem_count() {
        let (inputs, found) = (rows.elem_count(), weights.elem_count());
        return Err(NnError::Rows { what: "list of weights has", inputs, found });
    }
    let weights = weights.reshape(rows.shape())?;
    Ok(((rows * &weights)?.sum_all()? / weights.sum_all()?)?)
}

/// Output and target in one shape and type.
fn same(output: &Tensor, target: &Tensor, loss: &'static str) -> Result<(Tensor, Tensor), NnError> {
    let output = full(output)?;
    let unit = |t: &Tensor| t.dims().iter().rev().skip_while(|d| **d == 1).copied().collect::<Vec<_>>();
    if output.elem_count() != target.elem_count() || unit(&output) != unit(target) {
        return Err(NnError::Target {
            loss,
            expected: "an output and a target of one shape",
            output: output.dims().to_vec(),
            target: target.dims().to_vec(),
        });
    }
    let target = target.to_dtype(output.dtype())?.reshape(output.shape())?;
    Ok((output, target))
}

/// The mean over everything but the first dimension.
fn per_row(losses: &Tensor) -> Result<Tensor, NnError> {
    Ok(if losses.rank() > 1 { losses.flatten_from(1)?.mean(1)? } else { losses.clone() })
}

impl Pointwise for BceWithLogits {
    const NAME: &'static str = "bce_with_logits";
    #[cfg(feature = "cuda")]
    const KIND: usize = 0;

    fn at(&self, x: f64, t: f64) -> (f64, f64) {
        let power = (-x.abs()).exp();
        let chance = if x >= 0.0 { 1.0 / (1.0 + power) } else { power / (1.0 + power) };
        (x.max(0.0) - x * t + power.ln_1p(), chance - t)
    }
}

impl Pointwise for Mse {
    const NAME: &'static str = "mse";
    #[cfg(feature = "cuda")]
    const KIND: usize = 1;

    fn at(&self, x: f64, t: f64) -> (f64, f64) {
        ((x - t) * (x - t), 2.0 * (x - t))
    }
}

impl Pointwise for Huber {
    const NAME: &'static str = "huber";
    #[cfg(feature = "cuda")]
    const KIND: usize = 2;

    fn check(&self) -> Result<(), NnError> {
        in_range("delta", self.delta, self.delta > 0.0, "a number above 0, for instance 1.0")
    }

    fn at(&self, x: f64, t: f64) -> (f64, f64) {
        let d = x - t;
        if d.abs() <= self.delta {
            (0.5 * d * d, d)
        } else {
            (self.delta * (d.abs() - 0.5 * self.delta), self.delta * d.signum())
        }
    }

    #[cfg(feature = "cuda")]
    fn delta(&self) -> f64 {
        self.delta
    }
}

/// A pointwise loss by candle's differentiable operations.
trait Composed: Pointwise {
    fn losses(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, NnError>;
}

impl Composed for BceWithLogits {
    fn losses(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, NnError> {
        Ok((ops::softplus(x)? - (x * t)?)?)
    }
}

impl Composed for Mse {
    fn losses(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, NnError> {
        Ok((x - t)?.sqr()?)
    }
}

impl Composed for Huber {
    fn losses(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, NnError> {
        let d = (x - t)?.abs()?;
        // The part up to delta counts squared, what is beyond it linearly.
        let near = d.clamp(0.0, self.delta)?;
        let far = (&d - &near)?;
        Ok(((near.sqr()? * 0.5)? + (far * self.delta)?)?)
    }
}

macro_rules! pointwise { // three losses with one shape of trait methods
    ($($loss:ident),+) => { $(
        impl Loss for $loss {
            fn mean(&self, output: &Tensor, target: &Tensor) -> Result<Tensor, NnError> {
                self.check()?;
                let (output, target) = same(output, target, self.name())?;
                if let Some(loss) = ops::loss::mean(&output, &target, self.clone())? {
                    return Ok(loss);
                }
                Ok(self.losses(&output, &target)?.mean_all()?)
            }

            fn weighted(&self, output: &Tensor, target: &Tensor, weights: &Tensor) -> Result<Tensor, NnError> {
                self.check()?;
                let (output, target) = same(output, target, self.name())?;
                weigh(&per_row(&self.losses(&output, &target)?)?, weights)
            }

            fn name(&self) -> &'static str {
                stringify!($loss)
            }
        }
    )+ };
}
pointwise!(BceWithLogits, Mse, Huber);
