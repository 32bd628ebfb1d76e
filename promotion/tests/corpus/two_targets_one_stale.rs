//! title: one of two targets is out of date
//! target: small large
//! verdict: refuses
//! reason: stale-read
//! at: 2:1
//! remedy: run cell 2
//! runs: 1 2 1' 3

// %% 1
let numbers = vec![1, 2, 3];
// %% 1'
let numbers = vec![1, 2, 3, 400];
// %% 2
let small: Vec<i32> = numbers.iter().copied().filter(|n| *n < 3).collect();
// %% 3
let large: Vec<i32> = numbers.iter().copied().filter(|n| *n > 3).collect();
