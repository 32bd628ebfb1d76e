//! Which crates a cell can meet: those whose types or traits stand in the library's interface.
//!
//! The library is made of some 425 crates. Most of them compress, parse, connect or draw out of sight; to read them as well
//! takes about three times as long and as much memory, and changes no answer.

/// Families whose members are all read, by what their names begin with.
const FAMILIES: &[&str] = &["candle", "ironbook", "polars"];

/// Other packages that are read.
const OTHERS: &[&str] = &[
    "anyhow",
    "bitflags",
    "bytemuck",
    "bytemuck_derive",
    "bytes",
    "chrono",
    "clap",
    "clap_builder",
    "clap_derive",
    "compact_str",
    "either",
    "equivalent",
    "futures-core",
    "half",
    "hashbrown",
    "indexmap",
    "itertools",
    "memmap2",
    "num-complex",
    "num-derive",
    "num-integer",
    "num-traits",
    "once_cell",
    "plotters",
    "plotters-backend",
    "rand",
    "rand_core",
    "rand_distr",
    "rayon",
    "rayon-core",
    "regex",
    "safetensors",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "smallvec",
    "thiserror",
    "thiserror-impl",
    "tokio",
    "url",
    "uuid",
];

/// Whether a package is read.
pub fn is_met(package: &str) -> bool {
    let in_family = |family: &&str| {
        package.strip_prefix(*family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    };
    FAMILIES.iter().any(in_family) || OTHERS.contains(&package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_whole_words() {
        assert!(is_met("polars") && is_met("polars-lazy") && is_met("candle-core") && is_met("serde"));
        assert!(!is_met("polarsx") && !is_met("brotli") && !is_met("serde_yaml"));
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(OTHERS.is_sorted() && FAMILIES.is_sorted());
    }
}
