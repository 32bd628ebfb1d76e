//! title: the cell that reads the file has changed the directory by code
//! target: rows
//! verdict: refuses
//! reason: environment
//! at: 1:1
//! remedy: environment

// %% 1
std::env::set_current_dir("data")?;
let sales = read_csv("sales.csv")?;
// %% 2
let rows = sales.height();
