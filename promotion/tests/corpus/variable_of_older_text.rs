//! title: the cell that made the variable makes another one now
//! target: mean
//! verdict: refuses
//! reason: stale-read
//! at: 2:1
//! remedy: `numbers`
//! runs: 1 1' 2

// %% 1
let numbers = vec![1.0, 2.0];
// %% 1'
let values = vec![3.0, 4.0];
// %% 2
let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
