//! How long crates take to compile, relative to a small one; only for the time left.

/// The heavy ones, from the sizes of their compiled libraries, which go with the time to compile them.
const HEAVY: &[(&str, f64)] = &[("polars-ops", 100.0), ("polars-core", 60.0), ("candle-core", 30.0)];

/// The weight of a package.
pub(super) fn weight(package: &str) -> f64 {
    HEAVY.iter().find(|(name, _)| *name == package).map_or(1.0, |(_, weight)| *weight)
}
