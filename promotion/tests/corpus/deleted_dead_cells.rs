//! title: only cells that nobody needs were deleted
//! target: mean
//! verdict: promotes
//! stages-cells: 1 4
//! dropped: 2 3
//! data: sales=data/sales.csv
//! runs: 1 2 3 4 -2 -3

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
sales.height()
// %% 3
let months = sales.floats("month")?;
// %% 4
let mean = sales.floats("amount")?.iter().filter(|a| !a.is_nan()).sum::<f64>() / sales.height() as f64;
