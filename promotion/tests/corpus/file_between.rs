//! title: one cell writes a file that a later one reads
//! target: means
//! verdict: promotes
//! stages-cells: 1 2 3 4
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
let clean = sales.clone().lazy().drop_nulls(None).collect()?;
write_csv(&clean, "clean.csv")?;
// %% 3
let again = read_csv("clean.csv")?;
// %% 4
let means = vec![clean.height() as f64, again.floats("amount")?.iter().sum::<f64>() / again.height() as f64];
