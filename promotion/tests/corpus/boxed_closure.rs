//! title: a rule is kept as a boxed closure
//! target: flags
//! verdict: promotes
//! stages-cells: 1 2 3
//! merged: 2 3

// %% 1
let limit = 15.0;
let delays = vec![3.0, 20.0, 16.5];
// %% 2
let late: Box<dyn Fn(f64) -> bool> = Box::new(move |minutes| minutes > limit);
// %% 3
let flags: Vec<bool> = delays.iter().map(|delay| late(*delay)).collect();
