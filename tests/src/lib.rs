//! ironbook-tests
