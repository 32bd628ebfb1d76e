//! title: two names for one list
//! target: total
//! verdict: promotes
//! stages-cells: 1 2 3 4
//! merged: 1 2 3 4

// %% 1
use std::cell::RefCell;
use std::rc::Rc;
let losses = Rc::new(RefCell::new(vec![0.9f64]));
// %% 2
let recorder = Rc::clone(&losses);
// %% 3
recorder.borrow_mut().push(0.5);
recorder.borrow_mut().push(0.4);
// %% 4
let total: f64 = losses.borrow().iter().sum();
