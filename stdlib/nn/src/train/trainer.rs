//! The trainer: epochs of batches, curves, early stopping, checkpoints.

use super::data::Data;
use super::history::{History, Stop};
use super::shown::Shown;
use super::step::evaluate;
use crate::device::moved;
use crate::error::NnError;
use crate::loss::Loss;
use crate::module::{Module, Param, Pass, Role, parameters, variables};
use crate::optim::{AdamW, Clip, Optimizer, Plateau, Schedule};
use crate::rng::Rng;
use candle_core::{DType, Device, Tensor};
use ironbook_core::Progress;
use ironbook_core::record::{self, Fit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Trains a network; holds everything that the training needs to go on.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `optimizer` | what moves the weights | AdamW, learning rate 1e-3 |
/// | `schedule` | how the learning rate changes from step to step | constant |
/// | `plateau` | lowers the learning rate when the validation loss stops falling | none |
/// | `epochs` | passes over the data, in all | 10 |
/// | `batch_size` | rows per step | 32 |
/// | `accumulate` | parts in which a batch is computed, to save memory | 1 |
/// | `clip_norm`, `clip_value` | limits of the gradient | none |
/// | `patience` | epochs without a lower validation loss before the training stops and takes the best weights | never stops |
/// | `seed` | order of the rows and dropout | the session's seed |
/// | `bf16` | matrix products in bf16, weights and sums in f32 | off |
/// | `checkpoint` | file written after every epoch, and every so many steps | none |
/// | `live` | curves that move while it trains | on |
///
/// An interrupted training keeps its state: `fit` goes on where it stopped.
///
/// ```
/// use ironbook_nn::{Data, Init, Linear, Mse, Sequential, Trainer, optim::Sgd};
/// use candle_core::{Device, Tensor};
///
/// let x = Tensor::new(&[[0.0f32], [1.0], [2.0], [3.0]], &Device::Cpu)?;
/// let y = Tensor::new(&[[1.0f32], [3.0], [5.0], [7.0]], &Device::Cpu)?;
/// let net = Sequential::new().add(Linear::new(1, 1, &mut Init::seed(0))?);
/// let mut trainer = Trainer::new(net, Mse).optimizer(Sgd::new(0.1)).epochs(200).batch_size(4).live(false);
/// trainer.fit(&Data::new(x, y)?, None)?;
/// let four = trainer.predict(&Tensor::new(&[[4.0f32]], &Device::Cpu)?)?;
/// assert!((four.to_vec2::<f32>()?[0][0] - 9.0).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<M, L> {
    pub(super) model: M,
    pub(super) loss: L,
    pub(super) optimizer: Box<dyn Optimizer + Send>,
    pub(super) settings: Settings,
    pub(super) state: State,
    pub(super) best: Option<BTreeMap<String, Tensor>>,
    /// The weights of the last step, while the network holds the best ones.
    pub(super) last: Option<BTreeMap<String, Tensor>>,
    frozen: Vec<String>,
    checkpoint: Option<(PathBuf, Option<usize>)>,
    live: bool,
}

/// What decides how a training goes, besides network, loss and optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) batch_size: usize,
    pub(super) accumulate: usize,
    pub(super) clip: Option<Clip>,
    pub(super) schedule: Schedule,
    pub(super) patience: Option<usize>,
    pub(super) seed: u64,
    pub(super) bf16: bool,
    /// May differ when a training goes on.
    #[serde(skip)]
    pub(super) epochs: usize,
}

/// How far the training is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) epoch: usize,
    pub(super) batch: usize,
    /// Rows of the data of this epoch.
    #[serde(default)]
    pub(super) rows: Option<usize>,
    pub(super) step: usize,
    /// Sum of losses times weights, and of weights, in this epoch.
    pub(super) sums: (f64, f64),
    pub(super) waited: usize,
    pub(super) best_loss: Option<f64>,
    pub(super) plateau: Option<Plateau>,
    pub(super) history: History,
}

impl<M: Module, L: Loss> Trainer<M, L> {
    /// A trainer with the defaults.
    pub fn new(model: M, loss: L) -> Self {
        let settings = Settings {
            batch_size: 32,
            accumulate: 1,
            clip: None,
            schedule: Schedule::Constant,
            patience: None,
            seed: ironbook_core::seed::derive("nn.train"),
            bf16: false,
            epochs: 10,
        };
        let optimizer = Box::new(AdamW::new(1e-3));
        let (state, best, last, frozen, checkpoint) = (State::default(), None, None, Vec::new(), None);
        Trainer { model, loss, optimizer, settings, state, best, last, frozen, checkpoint, live: true }
    }

    /// Sets the optimiser.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Optimizer + Send + 'static) -> Self {
        self.optimizer = Box::new(optimizer);
        self
    }

    /// Sets how the learning rate changes.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = schedule;
        self
    }

    /// Lowers the learning rate when the validation loss stops falling.
    #[must_use]
    pub fn plateau(mut self, plateau: Plateau) -> Self {
        self.state.plateau = Some(plateau);
        self
    }

    /// Sets the passes over the data, in all.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets the rows per step.
    #[must_use]
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.settings.batch_size = rows;
        self
    }

    /// Computes each batch in this many parts, whose gradients are added up.
    #[must_use]
    pub fn accumulate(mut self, parts: usize) -> Self {
        self.settings.accumulate = parts;
        self
    }

    /// Scales gradients whose norm is larger down to this norm.
    #[must_use]
    pub fn clip_norm(mut self, most: f64) -> Self {
        self.settings.clip = Some(Clip::Norm(most));
        self
    }

    /// Cuts each value of the gradients to this size.
    #[must_use]
    pub fn clip_value(mut self, most: f64) -> Self {
        self.settings.clip = Some(Clip::Value(most));
        self
    }

    /// Stops after this many epochs without a lower validation loss, and takes the best weights.
    #[must_use]
    pub fn patience(mut self, epochs: usize) -> Self {
        self.settings.patience = Some(epochs);
        self
    }

    /// Sets the seed of the order of rows and of dropout.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Makes matrix products in bf16; weights, sums, norms and losses stay in f32.
    #[must_use]
    pub fn bf16(mut self) -> Self {
        self.settings.bf16 = true;
        self
    }

    /// Leaves the parameters of the layer of this name as they are, or one parameter: `"encoder"`, `"0"`, `"0.weight"`.
    #[must_use]
    pub fn freeze(mut self, name: impl Into<String>) -> Self {
        self.frozen.push(name.into());
        self
    }

    /// Writes the whole state to this file after every epoch.
    #[must_use]
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some((path.into(), None));
        self
    }

    /// Writes the whole state to this file after every epoch and every so many steps.
    #[must_use]
    pub fn checkpoint_every(mut self, path: impl Into<PathBuf>, steps: usize) -> Self {
        self.checkpoint = Some((path.into(), Some(steps.max(1))));
        self
    }

    /// Sets whether curves are shown while it trains.
    #[must_use]
    pub fn live(mut self, live: bool) -> Self {
        self.live = live;
        self
    }

    /// The network, with the weights that it has now.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The network, given away.
    pub fn into_model(self) -> M {
        self.model
    }

    /// What happened so far.
    pub fn history(&self) -> &History {
        &self.state.history
    }

    /// The output of the network for `x`, batch by batch, without gradients.
    ///
    /// # Errors
    /// As [`Module::forward`]; [`NnError::Interrupted`].
    pub fn predict(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let device = self.device();
        let mut parts = Vec::new();
        // No rows are one batch of none: the output has the shape of others.
        for from in (0..x.dim(0)?.max(1)).step_by(self.settings.batch_size.max(1024)) {
            ironbook_core::check()?;
            let count = self.settings.batch_size.max(1024).min(x.dim(0)? - from);
            let pass = self.pass(Pass::eval());
            parts.push(self.model.forward(&moved(&x.narrow(0, from, count)?, &device)?, &pass)?.detach());
        }
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// The mean loss over rows, without gradients.
    ///
    /// # Errors
    /// As [`Module::forward`] and [`Loss::mean`]; [`NnError::Interrupted`].
    pub fn evaluate(&self, data: &Data) -> Result<f64, NnError> {
        let rows = self.settings.batch_size.max(1024);
        evaluate(&self.model, &self.loss, data, rows, &self.device(), || self.pass(Pass::eval()))
    }

    /// Trains until all epochs are done, or no longer help; goes on where an earlier call was interrupted.
    ///
    /// # Errors
    /// [`NnError::NoGradient`], by name, before anything has changed; [`NnError::NotFinite`], with the weights that
    /// the network had before that batch; [`NnError::Shape`], [`NnError::Target`], [`NnError::Parameter`],
    /// [`NnError::OutOfMemory`], [`NnError::Interrupted`].
    pub fn fit(&mut self, train: &Data, valid: Option<&Data>) -> Result<History, NnError> {
        let mut shown = Shown::new(self.live);
        let told = Fit::begin("Network");
        let trained = self.train(train, valid, &mut shown);
        // Also of a training that was interrupted or failed.
        shown.end(&self.state.history);
        if let Some(told) = told {
            self.tell(told, train, valid, trained.as_ref().err());
        }
        trained?;
        Ok(self.state.history.clone())
    }

    fn train(&mut self, train: &Data, valid: Option<&Data>, shown: &mut Shown) -> Result<(), NnError> {
        self.check(train, valid)?;
        self.go_on()?;
        let device = self.device();
        let (train, valid) = (&train.near(&device)?, valid.map(|valid| valid.near(&device)).transpose()?);
        let (params, mut buffers) = (self.trained(), variables(&self.model));
        buffers.retain(|p| p.role == Role::Buffer);
        self.state.rows = Some(train.rows());
        let batches = train.rows().div_ceil(self.settings.batch_size);
        let total = (self.settings.epochs * batches) as u64;
        let mut progress = Progress::new("training", Some(total));
        // More epochs than the last time go on; what stopped early has ended.
        self.state.history.stop = self.state.history.stop.filter(|stop| *stop == Stop::Early);
        while self.state.epoch < self.settings.epochs && self.state.history.stop.is_none() {
            let order = self.rng("order", self.state.epoch).permutation(train.rows());
            let rows: Vec<&[u32]> = order.chunks(self.settings.batch_size).collect();
            while self.state.batch < batches {
                ironbook_core::check()?;
                let lr = self.lr(batches);
                self.step(train, rows[self.state.batch], (&params, &buffers), lr)?;
                self.state.batch += 1;
                self.state.step += 1;
                let loss = self.state.history.steps.last().copied().unwrap_or(f64::NAN);
                progress.set(self.state.step as u64, format!("epoch {}, loss {loss:.4}", self.state.epoch + 1));
                record::step(self.state.step as i64 - 1, &[("loss", loss), ("lr", lr)]);
                shown.update(&self.state.history);
                if self.checkpoint.as_ref().is_some_and(|(_, n)| n.is_some_and(|n| self.state.step.is_multiple_of(n))) {
                    self.save_now()?;
                }
            }
            self.end_epoch(valid.as_ref(), self.lr_of(self.state.step - 1, batches))?;
            self.save_now()?;
        }
        self.finish()?;
        #[cfg(feature = "cuda")]
        crate::cuda::release(&device);
        Ok(())
    }

    fn check(&self, train: &Data, valid: Option<&Data>) -> Result<(), NnError> {
        let refuse = |name, value: String, expected| Err(NnError::Parameter { name, value, expected });
        if self.settings.batch_size == 0 {
            return refuse("batch_size", "0".to_owned(), "at least 1");
        }
        if self.settings.accumulate == 0 || self.settings.accumulate > self.settings.batch_size {
            return refuse("accumulate", self.settings.accumulate.to_string(), "at least 1 and at most the batch size");
        }
        self.optimizer.check()?;
        self.settings.schedule.check()?;
        self.state.plateau.as_ref().map_or(Ok(()), Plateau::check)?;
        self.settings.clip.as_ref().map_or(Ok(()), Clip::check)?;
        let names = parameters(&self.model);
        if let Some(name) = self.frozen.iter().find(|name| !names.iter().any(|p| within(&p.name, name))) {
            let expected = "the name of a layer or of a parameter, as parameters(&network) lists them";
            return refuse("freeze", format!("\"{name}\", which the network does not have"), expected);
        }
        if let Some(rows) = self.state.rows.filter(|rows| self.state.batch > 0 && *rows != train.rows()) {
            return Err(NnError::Rows { what: "epoch that goes on had", inputs: train.rows(), found: rows });
        }
        if valid.is_none() && (self.settings.patience.is_some() || self.state.plateau.is_some()) {
            return refuse("valid", "None".to_owned(), "validation data: patience and plateau judge by its loss");
        }
        if train.rows() > u32::MAX as usize {
            return refuse("rows", train.rows().to_string(), "at most 4,294,967,295");
        }
        if self.trained().is_empty() {
            return refuse(
                "the network",
                "without parameters to train".to_owned(),
                "one with layers that are not frozen",
            );
        }
        Ok(())
    }

    /// The parameters that move.
    pub(super) fn trained(&self) -> Vec<Param> {
        let mut all = parameters(&self.model);
        all.retain(|p| !self.frozen.iter().any(|name| within(&p.name, name)));
        all
    }

    pub(super) fn device(&self) -> Device {
        parameters(&self.model).first().map_or(Device::Cpu, |p| p.var.device().clone())
    }

    pub(super) fn pass(&self, pass: Pass) -> Pass {
        pass.compute(self.settings.bf16.then_some(DType::BF16))
    }

    /// Random numbers of a purpose and a step: they depend on nothing before, so that a resumed training has the same.
    pub(super) fn rng(&self, purpose: &str, at: usize) -> Rng {
        let hash =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Rng::seed(self.settings.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash.wrapping_add(at as u64))
    }

    fn lr(&self, batches: usize) -> f64 {
        self.lr_of(self.state.step, batches)
    }

    fn lr_of(&self, step: usize, batches: usize) -> f64 {
        let scale = self.state.plateau.as_ref().map_or(1.0, Plateau::scale);
        self.settings.schedule.at(self.optimizer.lr(), step, self.settings.epochs * batches) * scale
    }

    fn save_now(&self) -> Result<(), NnError> {
        match &self.checkpoint {
            Some((path, _)) => self.save(path),
            None => Ok(()),
        }
    }
}

/// Whether a parameter is this one, or belongs to this layer.
fn within(parameter: &str, name: &str) -> bool {
    let rest = parameter.strip_prefix(name);
    rest.is_some_and(|rest| name.is_empty() || name.ends_with('.') || rest.is_empty() || rest.starts_with('.'))
}
