//! Aligns the features of shared dependencies; it has no code.
