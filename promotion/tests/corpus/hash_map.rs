//! title: a map without order, made twice
//! target: counts
//! verdict: promotes
//! stages-cells: 1 2
//! dropped: 3
//! runs: 1 2 1 3

// %% 1
use std::collections::HashMap;
let lengths: HashMap<String, usize> = "one two three four five six".split(' ').map(|w| (w.to_owned(), w.len())).collect();
// %% 2
let counts = {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for length in lengths.values() {
        *counts.entry(*length).or_default() += 1;
    }
    counts
};
// %% 3
println!("{counts:?}");
