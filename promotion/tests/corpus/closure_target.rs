//! title: the target is code
//! target: late
//! verdict: refuses
//! reason: unkept-target
//! at: 1:2
//! remedy: fn

// %% 1
let limit = 15.0;
let late: Box<dyn Fn(f64) -> bool> = Box::new(move |minutes| minutes > limit);
