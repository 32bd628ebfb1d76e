//! The report as text, as a piece of HTML and as a page.

mod cards;
mod change;
mod html;
mod style;
mod svg;
mod table;
mod terminal;

pub(crate) use change::headline;
pub(crate) use html::{fragment, page};
pub(crate) use terminal::text;
