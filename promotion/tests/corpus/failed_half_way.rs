//! title: what is needed was left by a run that failed
//! target: total
//! verdict: refuses
//! reason: failed
//! at: 2
//! remedy: cell 2
//! runs: 1 !2 3

// %% 1
let amounts = vec![1, 2];
// %% 2
amounts.push(3);
let more: i32 = "four".parse()?;
amounts.push(more);
// %% 3
let total: i32 = amounts.iter().sum();
