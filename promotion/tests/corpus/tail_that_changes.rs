//! title: the last expression of a cell shows what it changed
//! target: left
//! verdict: promotes
//! stages-cells: 1 2 3

// %% 1
let queue = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
// %% 2
queue.pop()
// %% 3
let left = queue.join("+");
