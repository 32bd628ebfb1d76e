//! title: a table of counts is filled over several cells
//! target: counts
//! verdict: promotes
//! stages-cells: 1 2 4
//! dropped: 3

// %% 1
use std::collections::BTreeMap;
let counts: BTreeMap<String, usize> = BTreeMap::new();
// %% 2
for word in "to be or not to be".split(' ') {
    *counts.entry(word.to_owned()).or_default() += 1;
}
// %% 3
println!("{counts:?}");
// %% 4
counts.retain(|_, count| *count > 1);
