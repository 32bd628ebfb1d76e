//! title: a cache in a thread-local
//! target: numbers
//! verdict: refuses
//! reason: statics
//! at: 1:1 1:2 2:1
//! remedy: variable

// %% 1
thread_local! { static CALLS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) }; }
fn numbered() -> u32 { CALLS.with(|calls| { calls.set(calls.get() + 1); calls.get() }) }
// %% 2
let numbers: Vec<u32> = (0..3).map(|_| numbered()).collect();
