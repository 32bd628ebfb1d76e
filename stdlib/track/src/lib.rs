//! ironbook-track
