//! title: a needed cell failed when it ran again, since it consumes its input
//! target: longest
//! verdict: promotes
//! stages-cells: 1 2
//! runs: 1 2 !2

// %% 1
let words: Vec<String> = ["to", "be", "or", "not"].map(String::from).to_vec();
// %% 2
let longest = words.into_iter().max_by_key(|word| word.len()).unwrap_or_default();
