//! Fitting and predicting, for both models.

use super::encode::{Encoding, failed};
use super::net::{Net, Weights};
use super::params::MlpParams;
use crate::device::{BestDevice, device};
use crate::error::NnError;
use crate::init::Init;
use crate::loss::Loss;
use crate::module::{Module, Pass};
use crate::optim::AdamW;
use crate::rng::Rng;
use crate::train::{Data, History, Trainer};
use candle_core::{DType, Device, Tensor};
use ironbook_core::Bundle;
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::table::number;
use ironbook_learn::{LearnError, Signature, card};
use serde::{Deserialize, Serialize};

/// Rows predicted at once.
const BLOCK: usize = 8192;

/// What both fitted models hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Fitted {
    pub(super) params: MlpParams,
    pub(super) signature: Signature,
    encoding: Encoding,
    outputs: usize,
    weights: Weights,
    pub(super) history: History,
    n_rows: usize,
}

/// What the network learns: targets and how far it is from them.
pub(super) struct Goal<L> {
    pub(super) target: Tensor,
    pub(super) loss: L,
    pub(super) outputs: usize,
}

impl Fitted {
    pub(super) fn fit<L: Loss>(
        params: &MlpParams,
        data: &Dataset,
        signature: Signature,
        goal: Goal<L>,
    ) -> Result<Self, LearnError> {
        let columns = signature.columns(&data.features)?;
        let encoding = Encoding::fit(&signature, &columns)?;
        let x = encoding.encode(&signature, &columns)?;
        let outputs = goal.outputs;
        let (weights, history) = train(params, &encoding, x, goal, data).map_err(failed)?;
        // Whether curves were shown is nothing of the model's.
        let params = MlpParams { live: true, ..params.clone() };
        Ok(Fitted { params, signature, encoding, outputs, weights, history, n_rows: data.rows() })
    }

    /// The outputs of the network, row after row.
    pub(super) fn outputs(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let columns = self.signature.columns(features)?;
        let x = self.encoding.encode(&self.signature, &columns)?;
        self.run(&x).map_err(failed)
    }

    fn run(&self, x: &Tensor) -> Result<Vec<Vec<f64>>, NnError> {
        let net = net(&self.params, &self.encoding, self.outputs, &mut Init::seed(0))?;
        self.weights.set(&net)?;
        let rows = x.dim(0)?;
        let mut out = Vec::with_capacity(rows);
        for from in (0..rows).step_by(BLOCK) {
            ironbook_core::check()?;
            let part = net.forward(&x.narrow(0, from, BLOCK.min(rows - from))?, &Pass::eval())?;
            out.extend(part.to_dtype(DType::F64)?.to_vec2::<f64>()?);
        }
        Ok(out)
    }

    pub(super) fn bundle(&self, name: &str, task: &str) -> Bundle {
        let p = &self.params;
        let mut table = card::model(name, task, &self.signature, self.n_rows, &[]);
        let main = ["hidden", "lr", "batch_size", "dropout"];
        table.field("parameters", card::parameters(p, &MlpParams::default(), &main));
        let layers: Vec<String> = p.hidden.iter().map(usize::to_string).collect();
        let layers = if layers.is_empty() { "none".to_owned() } else { layers.join(", ") };
        table.field("network", format!("hidden layers {layers}; {} weights", self.weights.size()));
        table.field("epochs", format!("{} of {}", self.history.epochs.len(), p.epochs));
        let at = self.history.best.unwrap_or(self.history.epochs.len());
        if let Some(epoch) = self.history.epochs.get(at.saturating_sub(1)) {
            let valid = epoch.valid_loss.map_or_else(String::new, |loss| format!(", validation {}", number(loss)));
            table.field(format!("loss, epoch {at}"), format!("training {}{valid}", number(epoch.train_loss)));
        }
        if let Some(warning) = self.warning() {
            table.note(format!("warning: {warning}"));
        }
        table.bundle()
    }

    /// What is to be said of the fit.
    pub(super) fn warning(&self) -> Option<String> {
        let last = self.history.epochs.len();
        let falling = last == self.params.epochs && self.history.best == Some(last) && self.params.patience.is_some();
        falling.then(|| {
            format!("the validation loss was still falling after {last} epochs\nraise epochs for a better model")
        })
    }

    pub(super) fn heap_bytes(&self) -> u64 {
        (self.weights.size() * size_of::<f32>()) as u64
    }
}

fn net(params: &MlpParams, encoding: &Encoding, outputs: usize, init: &mut Init) -> Result<Net, NnError> {
    Net::new(params, encoding.numbers(), &encoding.tables(), outputs, init)
}

fn place(name: &str) -> Result<Device, NnError> {
    if name == "best" { Ok(Device::best()) } else { device(name) }
}

fn train<L: Loss>(
    params: &MlpParams,
    encoding: &Encoding,
    x: Tensor,
    goal: Goal<L>,
    data: &Dataset,
) -> Result<(Weights, History), NnError> {
    let seed = params.seed.unwrap_or_else(|| ironbook_core::seed::derive("nn.mlp"));
    let mut all = Data::new(x, goal.target)?;
    if let Some(weights) = &data.weights {
        all = all.weights(Tensor::from_slice(weights, weights.len(), &Device::Cpu)?.to_dtype(DType::F32)?)?;
    }
    let (train, valid) = split(params, all, data.weights.as_deref(), seed)?;
    let optimizer = AdamW::new(params.lr).decay(params.decay).decay_weights_only();
    let mut init = Init::seed(seed).on(&place(&params.device)?);
    let mut trainer = Trainer::new(net(params, encoding, goal.outputs, &mut init)?, goal.loss)
        .optimizer(optimizer)
        .epochs(params.epochs)
        .batch_size(params.batch_size)
        .seed(seed)
        .live(params.live);
    if let (Some(patience), Some(_)) = (params.patience, &valid) {
        trainer = trainer.patience(patience);
    }
    let history = trainer.fit(&train, valid.as_ref())?;
    Ok((Weights::of(trainer.model())?, history))
}

/// Holds out a share of the rows for early stopping, if that leaves rows that count on both sides.
fn split(params: &MlpParams, all: Data, weights: Option<&[f64]>, seed: u64) -> Result<(Data, Option<Data>), NnError> {
    let rows = all.rows();
    let held = (rows as f64 * params.validation).round() as usize;
    if params.patience.is_none() || held == 0 || held == rows {
        return Ok((all, None));
    }
    let order = Rng::seed(seed ^ 0x5a17).permutation(rows);
    let counts = |part: &[u32]| weights.is_none_or(|w| part.iter().any(|&i| w[i as usize] > 0.0));
    let (valid, train) = order.split_at(held);
    if !counts(valid) || !counts(train) {
        return Ok((all, None));
    }
    let part = |rows: &[u32]| -> Result<Data, NnError> {
        let batch = all.pick(rows, &Device::Cpu)?;
        let data = Data::new(batch.x, batch.y)?;
        batch.weights.map_or(Ok(data.clone()), |weights| data.weights(weights))
    };
    Ok((part(train)?, Some(part(valid)?)))
}
