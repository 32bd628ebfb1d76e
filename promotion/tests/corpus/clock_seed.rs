//! title: a seed from the clock
//! target: sample
//! verdict: refuses
//! reason: clock
//! at: 2:1
//! remedy: seed
//! allow: clock
//! verdict: promotes
//! stages-cells: 1 2

// %% 1
use ironbook::rand::{RngExt, SeedableRng, rngs::StdRng};
let rows = 100usize;
// %% 2
let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos() as u64;
let mut draw = StdRng::seed_from_u64(seed);
let sample: Vec<usize> = (0..10).map(|_| draw.random_range(0..rows)).collect();
