//! title: two cells that were run in turns until the numbers looked right
//! target: guess
//! verdict: refuses
//! reason: order
//! remedy: cell
//! runs: 1 2 3 2 3

// %% 1
let guess = 1.0f64;
let base = 1.0f64;
// %% 2
let step = (2.0 / guess - guess) / 2.0;
// %% 3
let guess = base + step;
