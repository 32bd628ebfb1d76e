//! Which optimisation level a cell is compiled at.
//!
//! Measured on this engine: optimising costs a glue cell nothing that it gets back (a lazy query takes 0.4 s to compile
//! at level 0 and 2.2 s at level 2), while a loop of user arithmetic runs ten to fifty times faster at level 2. So level 0
//! is the rule, and level 2 is for cells (or items they reach) with nested loops or loops over long literal ranges that
//! do not instantiate the library's generics.

use crate::parse::Loops;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the user asked for (`%opt`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tier {
    /// The engine decides.
    #[default]
    Auto,
    /// Always this level.
    Fixed(u8),
}

/// A loop over at least this many steps is worth optimising.
const LONG: u64 = 20_000;
/// Names whose use instantiates much generic code of the libraries.
const GENERIC: &[&str] = &[
    "lazy",
    "col",
    "collect_into",
    "group_by",
    "LazyFrame",
    "DataFrame",
    "df",
    "Series",
    "Tensor",
    "VarMap",
    "VarBuilder",
];

/// The level for a cell with these loops and identifiers (its own and those of the items it reaches).
pub fn level(tier: Tier, loops: Loops, idents: &BTreeSet<String>) -> u8 {
    match tier {
        Tier::Fixed(level) => level,
        Tier::Auto => {
            let heavy = loops.depth >= 2 || loops.longest >= LONG;
            let generic = GENERIC.iter().any(|name| idents.contains(*name));
            if heavy && !generic { 2 } else { 0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_heavy_loops_without_library_generics_are_optimised() {
        let none = BTreeSet::new();
        let lazy = BTreeSet::from(["lazy".to_owned()]);
        let nested = Loops { depth: 2, longest: 0 };
        let long = Loops { depth: 1, longest: 1_000_000 };
        let short = Loops { depth: 1, longest: 10 };
        assert_eq!(level(Tier::Auto, nested, &none), 2);
        assert_eq!(level(Tier::Auto, long, &none), 2);
        assert_eq!(level(Tier::Auto, short, &none), 0);
        assert_eq!(level(Tier::Auto, nested, &lazy), 0);
        assert_eq!(level(Tier::Fixed(1), nested, &none), 1);
    }
}
