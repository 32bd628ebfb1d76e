//! title: one name of a shared list was pushed to twice
//! target: total
//! verdict: refuses
//! reason: ran-twice
//! at: 3:1
//! remedy: `losses`
//! runs: 1 2 3 3 4

// %% 1
use std::cell::RefCell;
use std::rc::Rc;
let losses = Rc::new(RefCell::new(vec![0.9f64]));
// %% 2
let recorder = Rc::clone(&losses);
// %% 3
recorder.borrow_mut().push(0.5);
// %% 4
let total: f64 = losses.borrow().iter().sum();
