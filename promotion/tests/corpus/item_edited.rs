//! title: a function was edited, and its cell not run
//! target: late
//! verdict: refuses
//! reason: edited
//! at: 1
//! remedy: run cell 1
//! runs: 1 2 ~1'

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 1'
fn is_late(minutes: f64) -> bool { minutes > 30.0 }
// %% 2
let late: Vec<bool> = [3.0, 20.0].iter().map(|d| is_late(*d)).collect();
