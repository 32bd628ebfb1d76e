//! title: a cell that nobody needs failed in between
//! target: total
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2
//! runs: 1 !2 3

// %% 1
let amounts = vec![1, 2];
// %% 2
let first: Option<&i32> = amounts.iter().find(|n| **n > 5);
println!("{}", first.expect("none is that large"));
// %% 3
let total: i32 = amounts.iter().sum();
