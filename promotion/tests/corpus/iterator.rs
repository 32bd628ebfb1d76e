//! title: an iterator is drained over two cells
//! target: batches
//! verdict: promotes
//! stages-cells: 1 2 3
//! merged: 1 2 3

// %% 1
let rows = (0..10).step_by(2);
// %% 2
let first: Vec<i32> = rows.by_ref().take(2).collect();
// %% 3
let batches = vec![first, rows.collect()];
