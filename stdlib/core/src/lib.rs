//! ironbook-core
