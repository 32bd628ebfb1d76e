//! The steps, one per file: what the user asks for, and what is left of it after the fit.

pub(crate) mod choose;
pub(crate) mod cyclical;
pub(crate) mod impute;
pub(crate) mod lag;
pub(crate) mod log;
pub(crate) mod one_hot;
pub(crate) mod ordinal;
pub(crate) mod scale;
pub(crate) mod target;
