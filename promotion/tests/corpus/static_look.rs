//! title: a counter in a static is only shown
//! target: squares
//! verdict: promotes
//! stages-cells: 2
//! dropped: 1 3

// %% 1
use std::sync::atomic::{AtomicU64, Ordering};
static SEEN: AtomicU64 = AtomicU64::new(0);
// %% 2
let squares: Vec<u64> = (0..5).map(|n| n * n).collect();
// %% 3
println!("{}", SEEN.load(Ordering::SeqCst) + squares.len() as u64);
