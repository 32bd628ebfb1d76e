//! title: a function was changed, and all that uses it ran again
//! target: late
//! verdict: promotes
//! stages-cells: 2
//! outside: 1
//! runs: 1 2 1' 2

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 1'
fn is_late(minutes: f64) -> bool { minutes > 30.0 }
// %% 2
let delays = [3.0, 20.0, 45.0];
let late: Vec<bool> = delays.iter().map(|d| is_late(*d)).collect();
