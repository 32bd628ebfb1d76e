//! title: a cell that cuts the first element off ran twice
//! target: rest
//! verdict: refuses
//! reason: ran-twice
//! at: 2:1
//! remedy: `rest`
//! runs: 1 2 2

// %% 1
let rest: Vec<f64> = vec![1.0, 2.0, 3.0, 4.0];
// %% 2
let rest: Vec<f64> = rest[1..].to_vec();
