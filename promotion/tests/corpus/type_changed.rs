//! title: a struct got another field, and the value of the old type went with it
//! target: trip
//! verdict: refuses
//! reason: unknown-target
//! remedy: cell 2
//! runs: 1 2 1'

// %% 1
#[derive(Debug, Clone, PartialEq)]
struct Trip { minutes: f64 }
// %% 1'
#[derive(Debug, Clone, PartialEq)]
struct Trip { minutes: f64, late: bool }
// %% 2
let trip = Trip { minutes: 12.0 };
