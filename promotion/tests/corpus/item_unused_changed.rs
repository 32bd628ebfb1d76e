//! title: a function that the target does not reach was changed
//! target: early
//! verdict: promotes
//! stages-cells: 2
//! outside: 1
//! dropped: 3
//! runs: 1 3 2 3'

// %% 1
fn is_early(minutes: f64) -> bool { minutes < 0.0 }
// %% 2
let early: Vec<bool> = [-3.0, 20.0].iter().map(|d| is_early(*d)).collect();
// %% 3
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 3'
fn is_late(minutes: f64) -> bool { minutes > 30.0 }
