//! The log: to standard error, which Jupyter shows in its own. It never holds text or values of cells.

use log::{LevelFilter, Log, Metadata, Record};
use std::io::Write as _;

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // ZeroMQ's library reports every client that leaves as an error or information of its own.
        metadata.target().starts_with("ironbook")
            || metadata.level() <= log::max_level().min(log::Level::Error.to_level_filter())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let time = chrono::Local::now().format("%H:%M:%S%.3f");
            // A log that cannot be written stops nothing.
            drop(writeln!(std::io::stderr(), "[ironbook {time} {}] {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Starts to log at a level in words; a word that is none is taken for the default, `warn`.
pub fn init(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::Warn);
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
