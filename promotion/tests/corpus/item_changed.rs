//! title: a function was changed after it had been used
//! target: late
//! verdict: refuses
//! reason: stale-read
//! at: 2:2
//! remedy: run cell 2
//! runs: 1 2 1'

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 1'
fn is_late(minutes: f64) -> bool { minutes > 30.0 }
// %% 2
let delays = [3.0, 20.0, 45.0];
let late: Vec<bool> = delays.iter().map(|d| is_late(*d)).collect();
