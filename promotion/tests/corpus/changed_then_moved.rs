//! title: one cell changes a value and moves it on
//! target: kept
//! verdict: promotes
//! stages-cells: 1 2

// %% 1
let mut rows: Vec<i64> = vec![3, 1];
// %% 2
rows.push(25);
let kept = rows;
