//! title: sorting what is sorted changes nothing
//! target: median
//! verdict: promotes
//! stages-cells: 1 2 3
//! runs: 1 2 2 3

// %% 1
let values = vec![5, 3, 8, 1, 9];
// %% 2
values.sort();
// %% 3
let median = values[values.len() / 2];
