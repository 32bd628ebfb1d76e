//! title: the path stands in a variable
//! target: sales
//! verdict: refuses
//! reason: file
//! at: 2:1
//! remedy: // data:

// %% 1
let path = "data/sales.csv";
// %% 2
let sales = read_csv(path)?;
