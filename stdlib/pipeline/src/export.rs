//! The files by which other tools run a pipeline.
