//! title: the same function was defined again, word for word
//! target: late
//! verdict: promotes
//! stages-cells: 2
//! outside: 1
//! runs: 1 2 1

// %% 1
fn is_late(minutes: f64) -> bool { minutes > 15.0 }
// %% 2
let late: Vec<bool> = [3.0, 20.0].iter().map(|d| is_late(*d)).collect();
