//! How a trial ends: with a value, pruned, or with a failure.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// How a trial ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With a value; NaN counts as a failure.
    Complete(f64),
    /// A pruner has ended it; its value is the last that it reported.
    Pruned,
    /// With an error, in words.
    Failed(String),
}

impl From<f64> for Outcome {
    fn from(value: f64) -> Self {
        Outcome::Complete(value)
    }
}

/// The error of an objective whose trial was pruned. Wherever it is in a chain of sources, the trial counts as pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trial was pruned")]
pub struct Pruned;

/// Why an objective has no value: any error, by `?`, or [`Pruned`].
pub struct Failure(Box<dyn Error + Send + Sync>);

impl Failure {
    /// A failure in words.
    pub fn new(why: impl Into<String>) -> Self {
        Failure(Box::from(why.into()))
    }

    pub(crate) fn outcome(self) -> Outcome {
        let mut next: Option<&(dyn Error + 'static)> = Some(&*self.0);
        while let Some(error) = next {
            if error.is::<Pruned>() {
                return Outcome::Pruned;
            }
            next = error.source();
        }
        Outcome::Failed(self.to_string())
    }
}

/// The error and what it came from.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(&text)?;
        let mut said = text;
        let mut source = self.0.source();
        while let Some(error) = source {
            let next = error.to_string();
            // Many errors end in what their source says.
            if !said.contains(&next) {
                write!(f, ": {next}")?;
            }
            said = next;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Any error; for that `Failure` is none itself.
impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(Box::new(error))
    }
}

/// What a panic has said.
pub(crate) fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("with no text")
}
