//! title: the first sum was taken again after the change in place
//! target: before after
//! verdict: promotes
//! stages-cells: 1 3 4 2
//! runs: 1 2 3 4 2

// %% 1
let amounts = vec![1, 2, 3];
// %% 2
let before: i32 = amounts.iter().sum();
// %% 3
amounts.push(100);
// %% 4
let after: i32 = amounts.iter().sum();
