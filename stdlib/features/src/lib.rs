//! Feature pipelines: fitted steps that treat a batch and a single row alike, carried inside the model.
