//! title: two cells make the variable, each was run when it was wanted
//! target: small large
//! verdict: promotes
//! stages-cells: 1 2 3 4
//! runs: 1 2 3 4 1

// %% 1
let sample = vec![1.0, 2.0];
// %% 2
let small = sample.len();
// %% 3
let sample = vec![0.0; 1000];
// %% 4
let large = sample.len();
