//! ironbook-repl
