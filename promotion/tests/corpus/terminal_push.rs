//! title: a terminal session, where an entry was repeated
//! target: total
//! terminal
//! verdict: promotes
//! stages-cells: 1 2 3 4

// %% 1
let numbers = vec![1, 2];
// %% 2
numbers.push(3);
// %% 3
numbers.push(3);
// %% 4
let total: i32 = numbers.iter().sum();
