//! title: the cell of a function that is needed was deleted
//! target: late
//! verdict: refuses
//! reason: maker-gone
//! at: 2:1 1
//! remedy: cell
//! runs: 1 2 -1

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 2
let late: Vec<bool> = [3.0, 20.0].iter().map(|d| is_late(*d)).collect();
