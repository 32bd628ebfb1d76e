//! title: a cell that draws from a generator ran twice
//! target: sample
//! verdict: refuses
//! reason: ran-twice
//! at: 2:1
//! remedy: `draw`
//! runs: 1 2 2

// %% 1
use ironbook::rand::{RngExt, SeedableRng, rngs::StdRng};
let draw = StdRng::seed_from_u64(11);
// %% 2
let sample: Vec<u32> = (0..5).map(|_| draw.random_range(0..1000)).collect();
