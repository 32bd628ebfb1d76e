//! ironbook-plot
