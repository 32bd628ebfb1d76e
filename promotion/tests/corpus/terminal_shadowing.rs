//! title: a terminal session, where names are taken again
//! target: mean
//! terminal
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4 5
//! note: `numbers`

// %% 1
let numbers = vec![1.0, 2.0, 3.0];
// %% 2
let scaled: Vec<f64> = numbers.iter().map(|n| n * 2.0).collect();
// %% 3
let mean = scaled.iter().sum::<f64>() / scaled.len() as f64;
// %% 4
let numbers = vec![7.0];
// %% 5
numbers
