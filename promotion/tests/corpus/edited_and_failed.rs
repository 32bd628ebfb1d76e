//! title: a needed cell was edited, and its new text failed
//! target: total
//! verdict: refuses
//! reason: edited
//! at: 2
//! remedy: cell 2
//! runs: 1 2 !2' 3

// %% 1
let amounts = vec!["3", "4", "5"];
// %% 2
let numbers: Vec<i32> = amounts.iter().map(|a| a.parse::<i32>()).collect::<Result<_, _>>()?;
// %% 2'
let numbers: Vec<i32> = amounts.iter().map(|a| format!("{a}?").parse::<i32>()).collect::<Result<_, _>>()?;
// %% 3
let total: i32 = numbers.iter().sum();
