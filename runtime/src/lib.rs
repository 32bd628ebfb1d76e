pub use ironbook::*;
