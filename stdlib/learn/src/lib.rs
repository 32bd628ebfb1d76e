//! ironbook-learn
