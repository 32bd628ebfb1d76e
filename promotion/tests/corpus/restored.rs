//! title: what was tried after a checkpoint was taken back
//! target: total
//! verdict: promotes
//! stages-cells: 1 5
//! dropped: 2 3 4

// %% 1
let numbers = vec![1, 2, 3];
// %% 2
%checkpoint before
// %% 3
numbers.push(100);
// %% 4
%restore before
// %% 5
let total: i32 = numbers.iter().sum();
