//! From a session to a pipeline.
