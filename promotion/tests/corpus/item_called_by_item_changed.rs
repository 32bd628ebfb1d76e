//! title: a function that a function calls was changed
//! target: shares
//! verdict: refuses
//! reason: stale-read
//! at: 3:1
//! remedy: run cell 3
//! runs: 1 2 3 1'

// %% 1
fn floor() -> f64 { 1.0 }
// %% 1'
fn floor() -> f64 { 2.0 }
// %% 2
fn share(x: f64) -> f64 { x.max(floor()) / 10.0 }
// %% 3
let shares: Vec<f64> = [0.5, 5.0].into_iter().map(share).collect();
