//! A model together with all that a server needs of it; and the place where it can be exchanged.

use crate::contract::{Contract, Extra, Rows};
use crate::error::ServeError;
use crate::log::{RequestLog, Schema};
use crate::model::{Answers, Failure, Model};
use crate::wire::write::Labels;
use ironbook_data::Kind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// A model with its name and version, ready to be served.
#[derive(Debug)]
pub struct Served {
    pub(crate) model: Box<dyn Model>,
    pub(crate) contract: Contract,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from, in words.
    pub(crate) source: String,
    pub(crate) labels: Option<Arc<Labels>>,
    /// Whether the library knows how it uses threads.
    pub(crate) ours: bool,
    /// The columns of the log, if there is one.
    pub(crate) schema: Option<Arc<Schema>>,
    /// Nanoseconds that a row takes, by the last batches.
    cost: AtomicU64,
}

/// What happened when a model was asked.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Answers),
    Failed(Failure),
    Panicked(String),
}

impl Served {
    /// A model of the user's own.
    ///
    /// # Errors
    /// [`ServeError::Unfit`] for a model that reads no columns, or two of one name.
    pub fn own(model: Box<dyn Model>, name: &str, version: &str, extra: Extra) -> Result<Served, ServeError> {
        Served::new(model, (name, version, "a value of this session"), extra, false)
    }

    pub(crate) fn new(
        model: Box<dyn Model>,
        (name, version, source): (&str, &str, &str),
        extra: Extra,
        ours: bool,
    ) -> Result<Served, ServeError> {
        let contract = Contract::new(model.signature(), extra);
        let unfit = |flaw: &str| Err(ServeError::Unfit { flaw: flaw.to_owned() });
        if contract.width() == 0 {
            return unfit("reads no columns");
        }
        if !contract.names_differ() {
            return unfit("reads two columns of one name");
        }
        let labels = Labels::new(&contract).map(Arc::new);
        let served = Served {
            model,
            contract,
            name: name.to_owned(),
            version: version.to_owned(),
            source: source.to_owned(),
            labels,
            ours,
            schema: None,
            cost: AtomicU64::new(u64::MAX),
        };
        served.warm_up();
        Ok(served)
    }

    /// Name of the model.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it comes from: the address that was given.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it reads and predicts.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The same, prepared for a log.
    pub(crate) fn logged(mut self, log: Option<&RequestLog>) -> Result<Served, ServeError> {
        let Some(log) = log else { return Ok(self) };
        let names = || self.contract.signature().names();
        if let Some(column) = log.redacted().iter().find(|column| !names().any(|name| name == column.as_str())) {
            let columns = names().collect::<Vec<_>>().join(", ");
            return Err(ServeError::Redact { column: column.clone(), columns });
        }
        let who = (self.name.as_str(), self.version.as_str());
        let schema = Schema::new(&self.contract, self.labels.clone(), who, log.redacted(), log.sample());
        self.schema = Some(Arc::new(schema));
        Ok(self)
    }

    /// Has what is made at the first prediction made before the first request, and its time measured.
    fn warm_up(&self) {
        if !self.ours {
            return;
        }
        let value = |kind: &Kind| if kind.categories().is_some_and(|names| names.is_empty()) { f64::NAN } else { 0.0 };
        let row: Vec<f64> = self.contract.signature().features.iter().map(|feature| value(&feature.kind)).collect();
        let rows = Rows::new(row.len(), row);
        // A row of zeros can be refused; then the first request takes longer.
        for _ in 0..3 {
            let _ = self.ask(&rows);
        }
    }

    /// Asks the model, whose panics stay here.
    pub(crate) fn ask(&self, rows: &Rows) -> Outcome {
        if rows.is_empty() {
            return Outcome::Answered(Answers::default());
        }
        let begun = Instant::now();
        let mut answers = Answers::default();
        let asked = catch_unwind(AssertUnwindSafe(|| self.model.answer(rows, &self.contract, &mut answers)));
        match asked {
            Ok(Ok(())) if self.is_whole(&answers, rows.len()) => {
                self.note(begun.elapsed(), rows.len());
                Outcome::Answered(answers)
            }
            Ok(Ok(())) => {
                let (predictions, shares) = (answers.predictions.len(), answers.probabilities.len());
                let told =
                    format!("it gave {predictions} predictions and {shares} probabilities for {} rows", rows.len());
                Outcome::Failed(Failure::Failed(told.into()))
            }
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let told = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Outcome::Panicked(told.unwrap_or_default())
            }
        }
    }

    /// Whether there is an answer for each row, and a probability for each class or none at all.
    fn is_whole(&self, answers: &Answers, rows: usize) -> bool {
        let classes = self.contract.signature().classes.as_ref().map_or(0, ironbook_learn::Classes::len);
        let shares = answers.probabilities.len();
        answers.predictions.len() == rows && (shares == 0 || shares == rows * classes)
    }

    fn note(&self, took: Duration, rows: usize) {
        let new = took.as_nanos() as u64 / rows as u64;
        let old = self.cost.load(Ordering::Relaxed);
        // Quickly down and slowly up: a thread that was interrupted says nothing of the model.
        let mixed = if new < old { new } else { old + (new - old) / 32 };
        self.cost.store(mixed, Ordering::Relaxed);
    }

    /// How long so many rows take, as far as it is known.
    pub(crate) fn estimate(&self, rows: usize) -> Duration {
        Duration::from_nanos(self.cost.load(Ordering::Relaxed).saturating_mul(rows as u64))
    }
}

/// The place of the model that answers.
pub(crate) struct Slot(RwLock<Arc<Served>>);

impl Slot {
    pub(crate) fn new(served: Served) -> Slot {
        Slot(RwLock::new(Arc::new(served)))
    }

    pub(crate) fn get(&self) -> Arc<Served> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests that were read by the old one are answered by it.
    pub(crate) fn put(&self, served: Served) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }
}
