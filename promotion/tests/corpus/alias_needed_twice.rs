//! title: a shared counter was made anew, after one reader had seen it changed and before another saw it fresh
//! target: changed fresh
//! verdict: refuses
//! reason: alias
//! remedy: of its own
//! runs: 1 2 3 1 4

// %% 1
let counter = std::rc::Rc::new(std::cell::RefCell::new(0));
// %% 2
*counter.borrow_mut() += 1;
// %% 3
let changed: i32 = *counter.borrow();
// %% 4
let fresh: i32 = *counter.borrow();
