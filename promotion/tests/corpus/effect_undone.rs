//! title: a change in place was undone by making the value anew
//! target: scores
//! verdict: promotes
//! stages-cells: 1
//! dropped: 2
//! runs: 1 2 1

// %% 1
let scores = vec![3, 2, 1];
// %% 2
scores.clear();
