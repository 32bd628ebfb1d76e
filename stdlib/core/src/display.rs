//! Showing values: the trait for one's own types, and displays that later code updates.

use crate::bundle::Bundle;
pub use crate::contain::{failure, none};
pub use crate::live::{Hush, Live};
pub use crate::media::{Html, Image, Json, Latex, Markdown, NotAnImage, Svg};
use crate::sink;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a type shows itself in a notebook and in the terminal.
///
/// Implement it for your own types; the value of a cell's last expression and [`display`] use it. Then `Vec`, `Option`,
/// `Result`, `Box`, `Rc` and `Arc` of the type show it as well. Types without it are shown by their `Debug`, and without
/// that by their type's name.
///
/// ```
/// use ironbook_core::{Bundle, Display};
/// use ironbook_core::bundle::escape_html;
///
/// struct City { name: String, people: u64 }
///
/// impl Display for City {
///     fn bundle(&self) -> Bundle {
///         let name = escape_html(&self.name); // what comes from data is escaped
///         Bundle::text(format!("{}: {}", self.name, self.people))
///             .html(format!("<b>{name}</b> {}", self.people))
///     }
/// }
///
/// let cities = vec![City { name: "Kyiv".into(), people: 2_952_000 }, City { name: "Oslo".into(), people: 709_000 }];
/// assert_eq!(cities.bundle().plain(), "[0] Kyiv: 2952000\n[1] Oslo: 709000");
/// assert_eq!(cities.into_iter().next().bundle().get("text/html"), Some("<b>Kyiv</b> 2952000"));
/// ```
pub trait Display {
    /// The value in one or more MIME types; always with `text/plain`.
    fn bundle(&self) -> Bundle;
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
