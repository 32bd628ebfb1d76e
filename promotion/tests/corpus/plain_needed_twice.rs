//! title: a list was made anew, after one reader had seen it changed and before another saw it fresh
//! target: changed fresh
//! verdict: promotes
//! stages-cells: 1 2 3 4
//! runs: 1 2 3 1 4

// %% 1
let rows = vec![1, 2];
// %% 2
rows.push(3);
// %% 3
let changed = rows.len();
// %% 4
let fresh = rows.len();
