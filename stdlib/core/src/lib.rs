//! What every part of Ironbook shares: display, progress, interrupt, seeds, and the variable store of cells.
//!
//! Light on purpose (serde only), so that front ends can link it as well as the standard library.

pub mod bundle;
mod contain;
pub mod display;
pub mod error;
pub mod frame;
pub mod input;
pub mod inspect;
pub mod interrupt;
pub mod keep;
mod live;
mod media;
pub mod persist;
pub mod progress;
pub mod pruning;
pub mod record;
pub mod registry;
pub mod rt;
pub mod seed;
pub mod sink;
pub mod slots;
pub mod table;

pub use bundle::Bundle;
pub use display::{Display, DisplayHandle, clear_output, display, display_updatable};
pub use error::CellError;
pub use input::{InputError, input, password};
pub use interrupt::{Interrupted, check};
pub use persist::{Persist, PersistError};
pub use progress::Progress;
