//! title: two cells make the variable, and the one that ran last counts
//! target: mean
//! verdict: promotes
//! stages-cells: 2 3
//! dropped: 1
//! runs: 1 2 3

// %% 1
let numbers = vec![1.0, 2.0];
// %% 2
let numbers = vec![3.0, 5.0];
// %% 3
let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
