//! title: a shell line stands in a cell that makes what is needed
//! target: total
//! verdict: refuses
//! reason: environment
//! at: 1:1
//! remedy: cell of its own

// %% 1
!mkdir -p out
let amounts = vec![1.5, 2.5];
// %% 2
let total: f64 = amounts.iter().sum();
