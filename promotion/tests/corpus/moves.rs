//! title: values are moved from cell to cell
//! target: sizes
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4

// %% 1
let words: Vec<String> = "a notebook that becomes a program".split(' ').map(str::to_owned).collect();
// %% 2
let sorted = { let mut words = words; words.sort(); words };
// %% 3
let sizes: Vec<usize> = sorted.into_iter().map(|word| word.len()).collect();
// %% 4
sizes.iter().sum::<usize>()
