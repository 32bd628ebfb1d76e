//! title: a terminal session, where a function was written again after it had been used
//! target: late
//! terminal
//! verdict: promotes
//! stages-cells: 2
//! outside: 1
//! dropped: 3
//! note: `is_late`

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 2
let late: Vec<bool> = [3.0, 20.0].iter().map(|d| is_late(*d)).collect();
// %% 3
fn is_late(minutes: f64) -> bool { minutes > 30.0 }
