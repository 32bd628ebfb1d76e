//! title: the list was changed in place after the sum had been taken
//! target: total
//! verdict: promotes
//! stages-cells: 1 2
//! dropped: 3

// %% 1
let amounts = vec![1, 2, 3];
// %% 2
let total: i32 = amounts.iter().sum();
// %% 3
amounts.push(100);
