//! One step: loss, gradients, checks, update.

use super::data::{Batch, Data};
use super::trainer::Trainer;
use crate::error::NnError;
use crate::loss::Loss;
use crate::module::{Module, Param, Pass};
use candle_core::{CpuStorage, DType, Device, Storage, Tensor};

impl<M: Module, L: Loss> Trainer<M, L> {
    /// Moves the parameters by one batch; an error leaves them and the buffers as they were.
    pub(super) fn step(
        &mut self,
        train: &Data,
        rows: &[u32],
        (params, buffers): (&[Param], &[Param]),
        lr: f64,
    ) -> Result<(), NnError> {
        let copy = |p: &Param| p.var.as_detached_tensor().copy();
        let before = buffers.iter().map(copy).collect::<Result<Vec<_>, _>>()?;
        let done = self.attempt(train, rows, params, lr);
        if done.is_err() {
            // A forward pass moves running moments, also one whose loss is not finite.
            buffers.iter().zip(&before).try_for_each(|(p, value)| p.var.set(value))?;
        }
        done
    }

    fn attempt(&mut self, train: &Data, rows: &[u32], params: &[Param], lr: f64) -> Result<(), NnError> {
        let batch = train.pick(rows, &self.device())?;
        let total = batch.total()?;
        let parts = self.settings.accumulate.min(rows.len());
        let per = rows.len().div_ceil(parts);
        let (mut loss, mut grads) = (0.0, Vec::new());
        for (i, from) in (0..rows.len()).step_by(per).enumerate() {
            let part = if parts == 1 { None } else { Some(batch.part(from, per.min(rows.len() - from))?) };
            let part = part.as_ref().unwrap_or(&batch);
            let share = if parts == 1 { 1.0 } else { part.total()? / total };
            if share == 0.0 || total == 0.0 {
                continue;
            }
            let at = self.state.step * self.settings.accumulate + i;
            let pass = self.pass(Pass::train(self.rng("pass", at)));
            let mean = loss_of(&self.model, &self.loss, part, &pass)?;
            let value = mean.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            if !value.is_finite() {
                return Err(self.not_finite(value, part, params, at));
            }
            loss += value * share;
            self.gather(&mean, params, share, &mut grads)?;
        }
        if grads.is_empty() {
            self.state.history.steps.push(0.0);
            return Ok(());
        }
        if let Some(param) = first_not_finite(params, &grads)? {
            return Err(self.located(loss, format!("the gradient of {param}")));
        }
        if let Some(clip) = &self.settings.clip {
            grads = clip.apply(grads)?;
        }
        self.optimizer.step(params, &grads, lr)?;
        self.state.history.steps.push(loss);
        self.state.sums.0 += loss * total;
        self.state.sums.1 += total;
        Ok(())
    }

    /// Adds the gradients of a part of the batch up; refuses parameters that got none.
    fn gather(&self, mean: &Tensor, params: &[Param], share: f64, grads: &mut Vec<Tensor>) -> Result<(), NnError> {
        let mut store = crate::backward(mean)?;
        let found: Vec<Option<Tensor>> = params.iter().map(|p| store.remove(&p.var)).collect();
        let without: Vec<String> =
            params.iter().zip(&found).filter(|(_, g)| g.is_none()).map(|(p, _)| p.name.clone()).collect();
        if !without.is_empty() {
            return Err(NnError::NoGradient { parameters: without });
        }
        let first = grads.is_empty();
        for (i, grad) in found.into_iter().flatten().enumerate() {
            let grad = if share == 1.0 { grad } else { (grad * share)? };
            if first {
                grads.push(grad.contiguous()?);
            } else {
                grads[i] = (&grads[i] + grad)?;
            }
        }
        Ok(())
    }

    fn located(&self, loss: f64, place: String) -> NnError {
        let (epoch, batch) = (self.state.epoch + 1, self.state.batch + 1);
        let kept = "the network holds the weights from before this batch".to_owned();
        NnError::NotFinite { loss, epoch, batch, place, kept }
    }

    /// Finds where the first NaN or infinity came up.
    fn not_finite(&self, loss: f64, batch: &Batch, params: &[Param], at: usize) -> NnError {
        let place = self.first_place(batch, params, at);
        self.located(loss, place.unwrap_or_else(|error| format!("its place could not be found: {error}")))
    }

    fn first_place(&self, batch: &Batch, params: &[Param], at: usize) -> Result<String, NnError> {
        if !finite(&batch.x)? {
            return Ok("NaN or infinity in the inputs".to_owned());
        }
        if !finite(&batch.y)? {
            return Ok("NaN or infinity in the targets".to_owned());
        }
        for param in params {
            if !finite(&param.var)? {
                return Ok(format!("in the parameter {}", param.name));
            }
        }
        let pass = self.pass(Pass::train(self.rng("pass", at))).trace();
        let out = self.model.forward(&batch.x, &pass)?;
        Ok(match pass.traced() {
            Some(layer) => format!("first in the output of {layer}"),
            None if !finite(&out)? => "first in the output of the network".to_owned(),
            None => format!("first in {}", self.loss.name()),
        })
    }
}

fn loss_of<M: Module, L: Loss>(model: &M, loss: &L, batch: &Batch, pass: &Pass) -> Result<Tensor, NnError> {
    let out = model.forward(&batch.x, pass)?;
    match &batch.weights {
        None => loss.mean(&out, &batch.y),
        Some(weights) => loss.weighted(&out, &batch.y, weights),
    }
}

/// The mean loss over rows, weighted as they are.
pub(super) fn evaluate<M: Module, L: Loss>(
    model: &M,
    loss: &L,
    data: &Data,
    rows: usize,
    device: &Device,
    pass: impl Fn() -> Pass,
) -> Result<f64, NnError> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for from in (0..data.rows()).step_by(rows) {
        ironbook_core::check()?;
        let batch = data.slice(from, rows.min(data.rows() - from), device)?;
        let total = batch.total()?;
        if total > 0.0 {
            sum += loss_of(model, loss, &batch, &pass())?.to_dtype(DType::F64)?.to_scalar::<f64>()? * total;
            weight += total;
        }
    }
    Ok(sum / weight)
}

fn first_not_finite(params: &[Param], grads: &[Tensor]) -> Result<Option<String>, NnError> {
    // On a GPU every look at a value waits for the device: one for all of them.
    #[cfg(feature = "cuda")]
    if crate::cuda::norm_of(grads)?.is_some_and(f64::is_finite) {
        return Ok(None);
    }
    for (param, grad) in params.iter().zip(grads) {
        if !finite(grad)? {
            return Ok(Some(param.name.clone()));
        }
    }
    Ok(None)
}

/// Whether all values are finite; integers are.
pub(crate) fn finite(t: &Tensor) -> Result<bool, NnError> {
    if !t.dtype().is_float() {
        return Ok(true);
    }
    if let Some(all) = finite_here(t) {
        return Ok(all);
    }
    // x * 0 is 0 for finite values and NaN otherwise.
    Ok((t * 0.0)?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()? == 0.0)
}

/// As [`finite`], for values that lie on the CPU one after the other.
fn finite_here(t: &Tensor) -> Option<bool> {
    /// Values that are looked at together.
    const MANY: usize = 1024;
    let (storage, layout) = t.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return None };
    let (start, end) = layout.contiguous_offsets()?;
    match storage {
        CpuStorage::F32(x) => {
            Some(x[start..end].chunks(MANY).all(|x| x.iter().fold(true, |all, x| all & x.is_finite())))
        }
        CpuStorage::F64(x) => {
            Some(x[start..end].chunks(MANY).all(|x| x.iter().fold(true, |all, x| all & x.is_finite())))
        }
        _ => None,
    }
}
