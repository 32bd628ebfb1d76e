//! ironbook-data
