//! What the library knows of types that are not its own: how they are shown, and the causes of their errors.

use crate::{keep, tensor};
use ironbook_core::error::register_chain;
use ironbook_core::rt;
use std::io;
use std::path::Path;

/// Registers how values of other libraries are shown; the runtime calls it once, before the first cell.
pub fn init() {
    rt::set_worker_test(|| rayon::current_thread_index().is_some());
    ironbook_core::keep::register_plain();
    keep::register();
    tensor::register();
    ironbook_data::register();
    ironbook_plot::register();
    ironbook_pipeline::samples::register_file_sampler("parquet", first_rows);
    register_chain::<candle_core::Error>();
    register_chain::<serde_json::Error>();
    register_chain::<ironbook_core::PersistError>();
    register_chain::<ironbook_drift::DriftError>();
    register_chain::<ironbook_eval::EvalError>();
    register_chain::<ironbook_explain::ExplainError>();
    register_chain::<ironbook_features::FeatureError>();
    register_chain::<ironbook_learn::LearnError>();
    register_chain::<crate::gates::GateError>();
    register_chain::<ironbook_nn::NnError>();
    register_chain::<ironbook_plot::PlotError>();
    register_chain::<ironbook_serve::ServeError>();
    register_chain::<ironbook_tune::TuneError>();
    register_chain::<crate::tuning::TuningError>();
    register_chain::<ironbook_core::pruning::Stopped>();
    ironbook_track::register();
}

/// The first rows of a Parquet file.
fn first_rows(from: &Path, to: &Path, rows: usize) -> io::Result<bool> {
    let table = ironbook_data::read_parquet(from).map_err(io::Error::other)?;
    ironbook_data::write_parquet(&table.head(Some(rows)), to).map_err(io::Error::other)?;
    Ok(table.height() > rows)
}
