//! What the editor knows of a session in this program: a view of it, taken after each cell.

use super::Words;
use ironbook_assist::{Completeness, Completions, View, complete, completeness};
use std::sync::{Mutex, PoisonError};

/// The newest view of the session.
pub struct Known(Mutex<View>);

impl Known {
    /// What is known before the first cell.
    pub fn new(view: View) -> Known {
        Known(Mutex::new(view))
    }

    /// What is known by now.
    pub fn set(&self, view: View) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn with<T>(&self, ask: impl FnOnce(&View) -> T) -> T {
        ask(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many variables are out of date.
    pub fn stale(&self) -> usize {
        self.with(|view| view.variables.iter().filter(|variable| variable.stale.is_some()).count())
    }
}

impl Words for Known {
    fn complete(&self, text: &str, at: usize) -> Completions {
        self.with(|view| complete(view, text, at))
    }

    fn whole(&self, text: &str) -> Completeness {
        self.with(|view| completeness(view, text))
    }

    fn names(&self) -> Vec<String> {
        self.with(|view| view.variables.iter().map(|variable| variable.name.clone()).collect())
    }
}
