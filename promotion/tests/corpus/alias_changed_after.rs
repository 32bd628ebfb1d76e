//! title: the shared list was changed after the sum had been taken
//! target: total
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 4
//! may-stay: 2
//! merged: 1 3

// %% 1
use std::sync::{Arc, Mutex};
let losses = Arc::new(Mutex::new(vec![0.9f64, 0.8]));
// %% 2
let recorder = Arc::clone(&losses);
// %% 3
let total: f64 = losses.lock().unwrap().iter().sum();
// %% 4
recorder.lock().unwrap().push(0.7);
