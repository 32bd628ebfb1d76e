//! What the server counts, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 16] = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1.0, 5.0];
/// The same in nanoseconds.
const NANOS: [u64; 16] = [
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];
/// Upper bounds of the buckets of batches, in rows.
const ROWS: [u64; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

/// Where a request spends its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// From bytes to rows.
    Parse,
    /// Waiting for the model.
    Queue,
    /// The steps in front of the model.
    Features,
    /// The model.
    Predict,
    /// From predictions to bytes, and into the log.
    Write,
    /// From the head of the request to its answer.
    Total,
}

const STAGES: [(&str, Stage); 6] = [
    ("parse", Stage::Parse),
    ("queue", Stage::Queue),
    ("features", Stage::Features),
    ("predict", Stage::Predict),
    ("write", Stage::Write),
    ("total", Stage::Total),
];

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Invocations,
    Predict,
    Infer,
    Other,
}

const ROUTES: [(&str, Route); 4] = [
    ("invocations", Route::Invocations),
    ("predict", Route::Predict),
    ("infer", Route::Infer),
    ("other", Route::Other),
];

/// The statuses that are counted one by one; others as `other`.
const STATUSES: [u16; 18] = [200, 204, 304, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 499, 500, 503, 504, 0];

#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; 17],
    sum: AtomicU64,
}

impl Histogram {
    fn note(&self, bounds: &[u64; 16], value: u64) {
        let bucket = bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }
}

/// Counts of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    stages: [Histogram; STAGES.len()],
    batches: Histogram,
    requests: [[AtomicU64; STATUSES.len()]; ROUTES.len()],
    pub(crate) in_flight: AtomicI64,
    pub(crate) connections: AtomicI64,
    pub(crate) waiting: AtomicI64,
    pub(crate) rows: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) swaps: AtomicU64,
    pub(crate) registry_failures: AtomicU64,
}

/// What is said beside the counts.
pub(crate) struct Beside<'a> {
    pub(crate) model: &'a str,
    pub(crate) version: &'a str,
    /// Rows written and lost, and files, of the log, if there is one.
    pub(crate) log: Option<[u64; 3]>,
}

impl Metrics {
    pub(crate) fn time(&self, stage: Stage, took: Duration) {
        self.stages[stage as usize].note(&NANOS, took.as_nanos() as u64);
    }

    pub(crate) fn batch(&self, rows: usize) {
        self.batches.note(&ROWS, rows as u64);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn request(&self, route: Route, status: u16) {
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        self.requests[route as usize][place].fetch_add(1, Ordering::Relaxed);
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn text(&self, beside: &Beside<'_>) -> String {
        let mut out = Text(String::with_capacity(8 << 10));
        out.head(
            "ironbook_serve_requests_total",
            "counter",
            "Requests by route and status; 499: the client left before its answer.",
        );
        for (name, route) in ROUTES {
            for (status, count) in STATUSES.iter().zip(&self.requests[route as usize]) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                    let labels = format!("route=\"{name}\",status=\"{status}\"");
                    out.value("ironbook_serve_requests_total", &labels, count);
                }
            }
        }
        let name = "ironbook_serve_request_seconds";
        out.head(name, "histogram", "Where requests spend their time.");
        for (stage, which) in STAGES {
            let histogram = &self.stages[which as usize];
            out.histogram(name, &format!("stage=\"{stage}\""), &SECONDS.map(|s| s.to_string()), histogram, 1e-9);
        }
        let name = "ironbook_serve_batch_rows";
        out.head(name, "histogram", "Rows that the model was given at once.");
        out.histogram(name, "", &ROWS.map(|rows| rows.to_string()), &self.batches, 1.0);
        let gauge = |value: &AtomicI64| value.load(Ordering::Relaxed).max(0) as u64;
        out.one("ironbook_serve_in_flight", "gauge", "Requests that are being answered.", gauge(&self.in_flight));
        out.one("ironbook_serve_connections", "gauge", "Open connections.", gauge(&self.connections));
        out.one("ironbook_serve_queue_requests", "gauge", "Requests that wait for the model.", gauge(&self.waiting));
        let counter = |value: &AtomicU64| value.load(Ordering::Relaxed);
        out.one("ironbook_serve_rows_total", "counter", "Rows answered.", counter(&self.rows));
        out.one("ironbook_serve_panics_total", "counter", "Panics of the model.", counter(&self.panics));
        out.one(
            "ironbook_serve_swaps_total",
            "counter",
            "Versions that were put in place of others.",
            counter(&self.swaps),
        );
        let help = "Times that the registry could not be asked, or its model not be loaded.";
        out.one("ironbook_serve_registry_failures_total", "counter", help, counter(&self.registry_failures));
        if let Some([written, lost, files]) = beside.log {
            out.one("ironbook_serve_log_rows_total", "counter", "Rows in complete files of the log.", written);
            out.one("ironbook_serve_log_rows_lost_total", "counter", "Rows that the log could not keep.", lost);
            out.one("ironbook_serve_log_files_total", "counter", "Complete files of the log.", files);
        }
        out.head("ironbook_serve_model_info", "gauge", "The model that answers.");
        let labels = format!("model=\"{}\",version=\"{}\"", escaped(beside.model), escaped(beside.version));
        out.value("ironbook_serve_model_info", &labels, 1);
        if let Some(bytes) = resident() {
            out.one("process_resident_memory_bytes", "gauge", "Memory of this process.", bytes);
        }
        out.0
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: u64) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.value(name, "", value);
    }

    fn histogram(&mut self, name: &str, labels: &str, bounds: &[String; 16], from: &Histogram, unit: f64) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut count = 0;
        for (i, bucket) in from.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            let bound = bounds.get(i).map_or("+Inf", String::as_str);
            self.value(&format!("{name}_bucket"), &format!("{labels}{comma}le=\"{bound}\""), count);
        }
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let sum = from.sum.load(Ordering::Relaxed) as f64 * unit;
        let _ = writeln!(self.0, "{name}_sum{braces} {sum}\n{name}_count{braces} {count}");
    }
}

/// A value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Resident memory, in bytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_can_be_read() {
        let metrics = Metrics::default();
        metrics.request(Route::Invocations, 200);
        metrics.request(Route::Infer, 418);
        metrics.time(Stage::Predict, Duration::from_micros(30));
        metrics.time(Stage::Predict, Duration::from_secs(60));
        metrics.batch(3);
        let text = metrics.text(&Beside { model: "a\"b", version: "3", log: Some([1, 2, 3]) });
        for line in [
            "ironbook_serve_requests_total{route=\"invocations\",status=\"200\"} 1",
            "ironbook_serve_requests_total{route=\"infer\",status=\"other\"} 1",
            "ironbook_serve_request_seconds_bucket{stage=\"predict\",le=\"0.00002\"} 0",
            "ironbook_serve_request_seconds_bucket{stage=\"predict\",le=\"0.00005\"} 1",
            "ironbook_serve_request_seconds_bucket{stage=\"predict\",le=\"+Inf\"} 2",
            "ironbook_serve_request_seconds_count{stage=\"predict\"} 2",
            "ironbook_serve_batch_rows_bucket{le=\"2\"} 0",
            "ironbook_serve_batch_rows_bucket{le=\"4\"} 1",
            "ironbook_serve_batch_rows_sum 3",
            "ironbook_serve_log_rows_lost_total 2",
            "ironbook_serve_model_info{model=\"a\\\"b\",version=\"3\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()), "{line}");
        }
    }
}
