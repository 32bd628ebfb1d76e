//! title: an unchanged cell ran again, with another result
//! target: doubled
//! verdict: refuses
//! reason: stale-read
//! at: 3:1
//! remedy: run cell 3
//! runs: 1 2 3 1' 2

// %% 1
let limit = 4u32;
// %% 1'
let limit = 6u32;
// %% 2
let numbers: Vec<u32> = (0..limit).collect();
// %% 3
let doubled: Vec<u32> = numbers.iter().map(|n| n * 2).collect();
