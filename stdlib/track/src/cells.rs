//! The cells that ran while a run was active: their text as artifacts `cells/0007.rs`, their durations as a metric.

use crate::active;
use crate::auto;
use crate::handle::RunHandle;
use std::time::Instant;

/// Metric of the seconds that a cell took, by execution number.
const SECONDS: &str = "cell_seconds";

/// A cell that is about to run.
pub struct CellRecord {
    execution: u64,
    text: String,
    run: Option<RunHandle>,
    started: Instant,
}

impl CellRecord {
    /// Notes the cell and the run that is active before it.
    pub fn begin(execution: u64, text: String) -> CellRecord {
        CellRecord { execution, text, run: active(), started: Instant::now() }
    }

    /// Records it in the run that was active before it, else in the one that it has started.
    pub fn end(self, succeeded: bool) {
        let seconds = self.started.elapsed().as_secs_f64();
        let Some(run) = self.run.or_else(active).filter(|_| auto()) else { return };
        let how = if succeeded { "ran" } else { "failed after" };
        let text = format!("// cell {}: {how} {seconds:.3} s\n{}\n", self.execution, self.text.trim_end());
        let path = format!("cells/{:04}.rs", self.execution);
        let step = i64::try_from(self.execution).unwrap_or(i64::MAX);
        let written = run.log_bytes(&path, text).and_then(|()| run.log_metric_at(SECONDS, seconds, step));
        if let Err(error) = written {
            auto::say(&error);
        }
    }
}
