//! Showing values: the trait for one's own types, and displays that later code updates.

use crate::bundle::Bundle;
use crate::sink;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a type shows itself in a notebook and in the terminal.
///
/// Implement it for your own types; the value of a cell's last expression and [`display`] use it.
/// Types without it are shown by their `Debug`, and without that by their type's name.
pub trait Display {
    /// The value in one or more MIME types; always with `text/plain`.
    fn bundle(&self) -> Bundle;
}

impl<T: Display + ?Sized> Display for &T {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl Display for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

impl<T: Display, E: std::fmt::Debug> Display for Result<T, E> {
    fn bundle(&self) -> Bundle {
        match self {
            Ok(value) => value.bundle(),
            Err(error) => Bundle::text(format!("Err({error:?})")),
        }
    }
}

impl<T: Display> Display for Option<T> {
    fn bundle(&self) -> Bundle {
        match self {
            Some(value) => value.bundle(),
            None => Bundle::text("None"),
        }
    }
}

/// Markdown text, rendered by notebooks.
#[derive(Clone, Debug, PartialEq)]
pub struct Markdown(pub String);

impl Display for Markdown {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.0.clone()).with("text/markdown", self.0.clone().into())
    }
}

/// HTML text, shown as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Html(pub String);

impl Display for Html {
    fn bundle(&self) -> Bundle {
        Bundle::text("<html>").html(self.0.clone())
    }
}

/// Shows a value now, in the middle of a cell.
pub fn display<T: Display + ?Sized>(value: &T) {
    sink::emit(sink::Event::Display { bundle: value.bundle(), id: None, update: false });
}

/// Removes what the cell has shown so far; with `wait`, only when it shows something new, so that nothing flickers.
pub fn clear_output(wait: bool) {
    sink::emit(sink::Event::Clear { wait });
}

/// Shows a value now and returns a handle whose [`DisplayHandle::update`] replaces it in place.
pub fn display_updatable<T: Display + ?Sized>(value: &T) -> DisplayHandle {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("ironbook-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    sink::emit(sink::Event::Display { bundle: value.bundle(), id: Some(id.clone()), update: false });
    DisplayHandle { id }
}

/// A display that can be updated in place, also from later cells.
#[derive(Clone, Debug)]
pub struct DisplayHandle {
    id: String,
}

impl DisplayHandle {
    /// Replaces what is shown.
    pub fn update<T: Display + ?Sized>(&self, value: &T) {
        sink::emit(sink::Event::Display { bundle: value.bundle(), id: Some(self.id.clone()), update: true });
    }
}
