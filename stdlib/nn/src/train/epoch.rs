//! The end of an epoch: validation, early stopping, and which weights the network holds.

use super::data::Data;
use super::history::{Epoch, Stop};
use super::told;
use super::trainer::Trainer;
use crate::error::NnError;
use crate::loss::Loss;
use crate::module::{Module, load_state_dict, state_dict};
use candle_core::{DType, Tensor};
use std::collections::BTreeMap;

impl<M: Module, L: Loss> Trainer<M, L> {
    /// Judges the epoch that was made, and starts the next one.
    pub(super) fn end_epoch(&mut self, valid: Option<&Data>, lr: f64) -> Result<(), NnError> {
        let valid_loss = valid.map(|valid| self.evaluate(valid)).transpose()?;
        let (sum, weight) = self.state.sums;
        let epoch = Epoch { train_loss: sum / weight, valid_loss, lr };
        self.state.history.epochs.push(epoch);
        told::epoch(self.state.epoch, &epoch);
        self.state.epoch += 1;
        self.state.batch = 0;
        self.state.sums = (0.0, 0.0);
        if let Some(loss) = valid_loss {
            self.judge(loss)?;
        }
        Ok(())
    }

    fn judge(&mut self, loss: f64) -> Result<(), NnError> {
        if let Some(plateau) = &mut self.state.plateau {
            plateau.epoch(loss);
        }
        // NaN is no lower than anything.
        if loss < self.state.best_loss.unwrap_or(f64::INFINITY) {
            self.state.best_loss = Some(loss);
            self.state.history.best = Some(self.state.epoch);
            self.state.waited = 0;
            if self.settings.patience.is_some() {
                self.best = Some(state_dict(&self.model)?);
            }
        } else {
            self.state.waited += 1;
        }
        if self.settings.patience.is_some_and(|patience| self.state.waited >= patience.max(1)) {
            self.state.history.stop = Some(Stop::Early);
        }
        Ok(())
    }

    /// Takes the best weights where there is patience, and says why it ended.
    pub(super) fn finish(&mut self) -> Result<(), NnError> {
        self.state.history.stop.get_or_insert(Stop::Epochs);
        if let Some(best) = &self.best
            && self.last.is_none()
        {
            self.last = Some(state_dict(&self.model)?);
            load_state_dict(&self.model, best)?;
        }
        Ok(())
    }

    /// Takes the last weights again where more epochs follow, unless the network was changed since it got the best ones.
    pub(super) fn go_on(&mut self) -> Result<(), NnError> {
        let more = self.state.epoch < self.settings.epochs && self.state.history.stop != Some(Stop::Early);
        let Some(last) = self.last.take_if(|_| more) else { return Ok(()) };
        if let Some(best) = &self.best
            && same_values(&state_dict(&self.model)?, best)?
        {
            load_state_dict(&self.model, &last)?;
        }
        Ok(())
    }
}

fn same_values(a: &BTreeMap<String, Tensor>, b: &BTreeMap<String, Tensor>) -> Result<bool, NnError> {
    for (name, a) in a {
        let Some(b) = b.get(name) else { return Ok(false) };
        if a.dims() != b.dims()
            || a.to_device(b.device())?.ne(b)?.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()? != 0.0
        {
            return Ok(false);
        }
    }
    Ok(true)
}
