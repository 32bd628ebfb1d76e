//! What a search asks of code that it tries: word on the way, and an early end where it is not worth going on.
//!
//! Searches (`ironbook::tune`) and what they search over (`ironbook::eval`) know each other by this trait only.

use std::error::Error;
use std::fmt;

/// An attempt that is watched, and can be ended early.
pub trait Pruning {
    /// Name of the metric that is sought to be small or large, if it has one.
    fn metric(&self) -> Option<&str>;

    /// Whether anybody watches; reports are dropped otherwise.
    fn is_searched(&self) -> bool;

    /// Tells a value of the metric at a step (a fold, an epoch), counted from 0.
    fn report(&self, step: u64, value: f64);

    /// Goes on, or is an error if that is not worth it.
    ///
    /// # Errors
    /// [`Stopped`].
    fn stop_early(&self) -> Result<(), Stopped>;
}

/// It is not worth going on. Its source is what the search takes for that.
pub struct Stopped(Box<dyn Error + Send + Sync>);

impl Stopped {
    /// For this reason.
    pub fn new(reason: impl Error + Send + Sync + 'static) -> Self {
        Stopped(Box::new(reason))
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Stopped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
