//! title: values that are not equal to themselves, made twice
//! target: filled
//! verdict: promotes
//! stages-cells: 1 2 3
//! runs: 1 2 3 1 2

// %% 1
let raw = vec![1.0, f64::NAN, 3.0];
// %% 2
let logs: Vec<f64> = raw.iter().map(|x: &f64| (x - 2.0).ln()).collect();
// %% 3
let filled: Vec<f64> = logs.iter().map(|x| if x.is_nan() { -1.0 } else { *x }).collect();
