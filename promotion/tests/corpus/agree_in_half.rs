//! title: a cell ran twice and left the same in what others need of the first run, but not in what is needed of the second
//! target: count
//! verdict: refuses
//! reason: ran-twice
//! at: 2:1
//! remedy: cell 1
//! runs: 1 2 2

// %% 1
let step = 3;
// %% 2
let count = step * 10;
let step = 4;
