//! title: a cell that adds a row ran thrice, but what it adds to was made anew before the last time
//! target: mean
//! verdict: promotes
//! stages-cells: 1 2 3
//! runs: 1 2 2 1 2 3

// %% 1
let scores = vec![0.5, 0.7];
// %% 2
scores.push(0.9);
// %% 3
let mean = scores.iter().sum::<f64>() / scores.len() as f64;
