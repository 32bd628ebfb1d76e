//! How long crates take to compile, relative to each other; only for the time left.

/// What a crate weighs that is not in the table.
const LIGHT: f64 = 1.2;

/// Megabytes of the compiled library, which go with the time to compile it, for the crates that weigh most.
const HEAVY: &[(&str, f64)] = &[
    ("polars-ops", 189.0),
    ("polars-core", 81.0),
    ("polars-expr", 41.0),
    ("polars-plan", 39.0),
    ("polars-stream", 37.0),
    ("polars-mem-engine", 21.0),
    ("polars-time", 20.0),
    ("polars-compute", 19.0),
    ("candle-core", 18.0),
    ("polars-arrow", 18.0),
    ("polars-parquet", 16.0),
    ("polars-io", 15.0),
    ("pulp", 14.0),
    ("tokio", 12.0),
    ("syn", 11.0),
    ("tokenizers", 11.0),
    ("argminmax", 8.0),
    ("object", 8.0),
    ("rustls", 8.0),
    ("ring", 8.0),
    ("regex-automata", 7.0),
    ("object_store", 7.0),
    ("regex-syntax", 7.0),
    ("polars-parquet-format", 7.0),
    ("h2", 7.0),
    ("serde_core", 5.0),
    ("reqwest", 5.0),
    ("brotli", 5.0),
    ("image", 5.0),
];

/// The weight of a package.
pub(super) fn weight(package: &str) -> f64 {
    HEAVY.iter().find(|(name, _)| *name == package).map_or(LIGHT, |(_, weight)| *weight)
}
