//! title: a terminal session, where an entry failed half way and was typed again without the mistake
//! target: total
//! terminal
//! verdict: promotes
//! stages-cells: 1 3 4
//! dropped: 2
//! runs: 1 !2 3 4

// %% 1
let numbers = vec![1, 2];
// %% 2
let more: i32 = "three".parse()?;
// %% 3
let more: i32 = "3".parse()?;
// %% 4
let total: i32 = numbers.iter().sum::<i32>() + more;
