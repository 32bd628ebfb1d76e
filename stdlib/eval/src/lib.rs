//! ironbook-eval
