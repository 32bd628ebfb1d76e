//! title: the stale value lies three steps back
//! target: mean
//! verdict: refuses
//! reason: stale-read
//! at: 2:1
//! remedy: run cell 2
//! runs: 1 2 3 4 1' 4

// %% 1
let factor = 2.0;
// %% 1'
let factor = 3.0;
// %% 2
let scaled: Vec<f64> = [1.0, 2.0, 3.0].iter().map(|x| x * factor).collect();
// %% 3
let shifted: Vec<f64> = scaled.iter().map(|x| x + 1.0).collect();
// %% 4
let mean = shifted.iter().sum::<f64>() / shifted.len() as f64;
