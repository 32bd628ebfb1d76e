//! title: a cell that adds a row ran twice
//! target: mean
//! verdict: refuses
//! reason: ran-twice
//! at: 2:1
//! remedy: `scores`
//! runs: 1 2 2 3

// %% 1
let scores = vec![0.5, 0.7];
// %% 2
scores.push(0.9);
// %% 3
let mean = scores.iter().sum::<f64>() / scores.len() as f64;
