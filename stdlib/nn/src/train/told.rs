//! What a training tells of itself to whoever records runs.

use super::data::Data;
use super::history::Epoch;
use super::trainer::{Settings, Trainer};
use crate::error::NnError;
use crate::module::{Module, parameters};
use candle_core::{DType, Tensor};
use ironbook_core::record::{self, Fit, Mark};
use ironbook_learn::told::flatten;
use serde_json::{Value, json};

impl<M: Module, L> Trainer<M, L> {
    /// Tells that the training has ended.
    pub(super) fn tell(&self, told: Fit, train: &Data, valid: Option<&Data>, error: Option<&NnError>)
    where
        L: crate::loss::Loss,
    {
        let weights = parameters(&self.model).iter().map(|p| p.var.elem_count()).sum();
        let device = format!("{:?}", self.device().location()).to_lowercase();
        let own = Own { settings: &self.settings, optimizer: self.optimizer.settings(), weights, device };
        end(told, &own, train, valid, error);
    }
}

/// What is not the same for all networks.
struct Own<'a> {
    settings: &'a Settings,
    optimizer: Value,
    weights: usize,
    device: String,
}

/// Not generic, so that it is compiled here and not into each cell.
fn end(told: Fit, own: &Own<'_>, train: &Data, valid: Option<&Data>, error: Option<&NnError>) {
    let mut params = record::extra_params();
    let settings = serde_json::to_value(own.settings).unwrap_or_default();
    flatten("", &settings, &mut params);
    flatten("optimizer", &own.optimizer, &mut params);
    let more = json!({ "epochs": own.settings.epochs, "weights": own.weights, "device": own.device });
    flatten("", &more, &mut params);
    record::set_device(own.device.clone());
    let error = error.map(NnError::to_string);
    train.told("training", |train| match valid {
        Some(valid) => valid.told("validation", |valid| {
            told.end(Mark::default(), &params, &[train, valid], Vec::new(), error);
        }),
        None => told.end(Mark::default(), &params, &[train], Vec::new(), error),
    });
}

/// Tells the losses of an epoch, counted from 0.
pub(super) fn epoch(number: usize, epoch: &Epoch) {
    let step = i64::try_from(number).unwrap_or(i64::MAX);
    match epoch.valid_loss {
        Some(valid) => record::step(step, &[("train_loss", epoch.train_loss), ("valid_loss", valid)]),
        None => record::step(step, &[("train_loss", epoch.train_loss)]),
    }
}

impl Data {
    fn told(&self, context: &'static str, to: impl FnOnce(&record::Data<'_>)) {
        let columns = || {
            let shape =
                |name: &str, t: &Tensor| (name.to_owned(), format!("tensor{:?} {:?}", &t.dims()[1..], t.dtype()));
            vec![shape("inputs", &self.x), shape("targets", &self.y)]
        };
        let digest = || {
            let values = |t: &Tensor| t.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
            let parts = [Some(&self.x), Some(&self.y), self.weights.as_ref()];
            let parts: Vec<Vec<f64>> = parts.into_iter().flatten().map(|t| values(t).unwrap_or_default()).collect();
            ironbook_data::digest_of(&parts)
        };
        to(&record::Data {
            context,
            rows: self.rows(),
            columns: &columns,
            target: "",
            digest: &digest,
            example: &|| None,
            files: ironbook_data::files_read,
        });
    }
}
