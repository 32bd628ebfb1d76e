//! ironbook-session
