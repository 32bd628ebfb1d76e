//! title: a seeded generator goes from cell to cell; it cannot be written down
//! target: means
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4
//! merged: 1 2 3

// %% 1
use ironbook::rand::{RngExt, SeedableRng, rngs::StdRng};
let draw = StdRng::seed_from_u64(11);
// %% 2
let first: Vec<f64> = (0..50).map(|_| draw.random::<f64>()).collect();
// %% 3
let second: Vec<f64> = (0..50).map(|_| draw.random::<f64>()).collect();
let means = vec![first.iter().sum::<f64>() / 50.0, second.iter().sum::<f64>() / 50.0];
// %% 4
means
