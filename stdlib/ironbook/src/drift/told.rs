//! What a run is told of a report.

use ironbook_drift::DriftReport;
use ironbook_track as track;

/// Where a run has the page of a report.
const PAGE: &str = "drift.html";

/// Logs a report to the active run, if there is one: its numbers ([`DriftReport::metrics`]) and its page, `drift.html`.
/// `%track auto off` stops it.
///
/// # Errors
/// Those of the store.
pub fn tell(report: &DriftReport) -> track::Result<()> {
    let Some(run) = track::active().filter(|_| track::auto()) else { return Ok(()) };
    let metrics = report.metrics();
    let metrics: Vec<(&str, f64)> = metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    run.log_metrics(&metrics)?;
    run.log_bytes(PAGE, report.to_page())
}
