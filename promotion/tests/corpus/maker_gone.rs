//! title: the cell that made the table was deleted
//! target: mean
//! verdict: refuses
//! reason: maker-gone
//! at: 2:1 1
//! remedy: cell
//! runs: 1 2 -1

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
let mean = sales.floats("amount")?.iter().filter(|a| !a.is_nan()).sum::<f64>() / sales.height() as f64;
