//! title: the target was moved into another variable
//! target: rows
//! verdict: refuses
//! reason: unknown-target
//! remedy: `kept`

// %% 1
let rows: Vec<i64> = (0..8).map(|i| i * i).collect();
// %% 2
let kept = rows;
