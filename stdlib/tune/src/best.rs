//! The winner of a study, as a value to work with and to keep.

use crate::code::Code;
use crate::error::{Result, TuneError};
use crate::record::{Direction, TrialRecord};
use crate::study::Study;
use crate::trial::Trial;
use crate::value::ParamValue;
use crate::{Whole, record};
use ironbook_core::bundle::escape_html;
use ironbook_core::inspect::Inspect;
use ironbook_core::table::{Table, number};
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Serialize};

/// The best trial of a study: its value, its parameters, and the code with them in it.
///
/// ```
/// use ironbook_tune::{Best, Budget, Study};
///
/// let study = Study::new("parabola").metric("loss").create()?;
/// study.optimize(Budget::trials(30), |trial| Ok(trial.float("x", -5.0..=5.0).powi(2) + trial.int("n", 1..=3) as f64))?;
/// let best = Best::of(&study)?;
/// assert_eq!(best.value(), study.best()?.value().unwrap());
/// let (x, n) = (best.float("x")?, best.int::<usize>("n")?);
/// assert_eq!(x * x + n as f64, best.value());
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    study: String,
    metric: Option<String>,
    direction: Direction,
    #[serde(with = "exact")]
    value: f64,
    number: u32,
    trials: usize,
    place: String,
    params: Vec<(String, ParamValue)>,
    code: String,
    unfinished: Option<Unfinished>,
}

/// Why a study ended before it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfinished {
    /// The user asked to stop.
    Interrupted,
    /// This went wrong: its storage was gone, for instance.
    Failed(String),
}

impl Best {
    /// The best trial of a study so far.
    ///
    /// # Errors
    /// [`TuneError::NothingCompleted`].
    pub fn of(study: &Study) -> Result<Self> {
        let best = study.best()?;
        let params = best.params().iter().map(|param| (param.name().to_owned(), param.value()));
        Ok(Best {
            study: study.name().to_owned(),
            metric: study.metric().map(str::to_owned),
            direction: study.direction(),
            value: best.value().unwrap_or(f64::NAN),
            number: best.number(),
            trials: study.look(|history| history.trials().len()),
            place: study.place(),
            params: params.collect(),
            code: Code::lines(&best),
            unfinished: None,
        })
    }

    /// With code that was tried, in which the parameters are replaced by their values.
    #[must_use]
    pub fn with_code(mut self, code: &Code, best: &TrialRecord) -> Self {
        self.code = code.filled(best);
        self
    }

    /// With why the study ended before it was done.
    #[must_use]
    pub fn with_unfinished(mut self, why: Option<Unfinished>) -> Self {
        self.unfinished = why;
        self
    }

    /// The study's name.
    pub fn study(&self) -> &str {
        &self.study
    }

    /// What the value is called: `roc_auc`.
    pub fn metric(&self) -> &str {
        self.metric.as_deref().unwrap_or("value")
    }

    /// Whether small or large values are sought.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The best value.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Number of the trial, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Names and values, in the order in which they were asked for.
    pub fn params(&self) -> &[(String, ParamValue)] {
        &self.params
    }

    /// The code of the best trial, to be put into a cell.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Why the study ended before it was done, if so.
    pub fn unfinished(&self) -> Option<&Unfinished> {
        self.unfinished.as_ref()
    }

    /// A trial that answers with these parameters: runs the same code again.
    pub fn trial(&self) -> Trial {
        Trial::fixed(self.params.iter().cloned())
    }

    /// A parameter as a number.
    ///
    /// # Errors
    /// [`TuneError::NoParam`] if there is none of that name, [`TuneError::Read`] if it is no number.
    pub fn float(&self, name: &str) -> Result<f64> {
        self.typed(name, "a number", ParamValue::as_f64)
    }

    /// A parameter as a whole number of the type that is needed.
    ///
    /// # Errors
    /// [`TuneError::NoParam`] if there is none of that name, [`TuneError::Read`] if it is no whole number, or too large for
    /// the type.
    pub fn int<T: Whole>(&self, name: &str) -> Result<T> {
        let fits = |value: i64| Some(T::narrow(value)).filter(|narrow| narrow.widen() == value);
        self.typed(name, "a whole number of that type", |value| value.as_i64().and_then(fits))
    }

    /// A parameter as a name.
    ///
    /// # Errors
    /// [`TuneError::NoParam`] if there is none of that name, [`TuneError::Read`] if it is no text.
    pub fn text(&self, name: &str) -> Result<String> {
        self.typed(name, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// A parameter as yes or no.
    ///
    /// # Errors
    /// [`TuneError::NoParam`] if there is none of that name, [`TuneError::Read`] if it is something else.
    pub fn flag(&self, name: &str) -> Result<bool> {
        self.typed(name, "true or false", |value| if let ParamValue::Bool(yes) = value { Some(*yes) } else { None })
    }

    fn typed<T>(&self, name: &str, expected: &'static str, read: impl Fn(&ParamValue) -> Option<T>) -> Result<T> {
        let known = || self.params.iter().map(|param| param.0.as_str()).collect::<Vec<_>>().join(", ");
        let missing = || TuneError::NoParam { name: name.to_owned(), known: known() };
        let value = self.params.iter().find(|param| param.0 == name).map(|param| &param.1).ok_or_else(missing)?;
        read(value).ok_or_else(|| TuneError::Read { name: name.to_owned(), value: value.to_rust(), expected })
    }

    fn table(&self) -> Table {
        let title = format!("Best of {}: {} {}", self.study, self.metric(), number(self.value));
        let mut table = Table::card(title);
        for (name, value) in &self.params {
            let shown = value.as_f64().filter(|_| value.as_i64().is_none()).map_or_else(|| value.to_string(), number);
            table.field(name, shown);
        }
        let kept = if self.place == "memory" { String::new() } else { format!(", kept in {}", self.place) };
        table.note(format!("trial {} of {}, to {}{kept}", self.number, self.trials, self.direction.verb()));
        match &self.unfinished {
            None => {}
            Some(Unfinished::Interrupted) => table.note("the study was interrupted"),
            Some(Unfinished::Failed(why)) => table.note(format!("the study has ended early: {why}")),
        }
        table
    }
}

impl Display for Best {
    fn bundle(&self) -> Bundle {
        let table = self.table().bundle();
        let code =
            format!("<pre style=\"margin:0.5em 0;overflow-x:auto\"><code>{}</code></pre>", escape_html(&self.code));
        Bundle::text(format!("{}\n\n{}", table.plain(), self.code))
            .html(format!("<div>{}{code}</div>", table.get("text/html").unwrap_or_default()))
    }
}

impl Inspect for Best {
    fn shape(&self) -> Option<String> {
        Some(format!("{} {}", self.metric(), number(self.value)))
    }
}

/// Numbers that JSON does not have are kept as Python's `json` names them.
mod exact {
    use super::record::{float_json, parse_float};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&float_json(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_float(&text).ok_or_else(|| D::Error::custom("no number"))
    }
}
