//! title: the cell was edited after the checkpoint, and the restored value is older than the page
//! target: numbers
//! verdict: refuses
//! reason: edited
//! at: 1
//! remedy: run cell 1
//! runs: 1 2 1' 3

// %% 1
let numbers = vec![1, 2, 3];
// %% 1'
let numbers = vec![4, 5, 6];
// %% 2
%checkpoint before
// %% 3
%restore before
