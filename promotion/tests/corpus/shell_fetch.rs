//! title: a shell line in a cell of its own fetched the file, which is data from then on
//! target: mean
//! verdict: promotes
//! stages-cells: 2 3
//! dropped: 1
//! data: fetched=fetched.csv

// %% 1
!cp data/sales.csv fetched.csv
// %% 2
let sales = read_csv("fetched.csv")?;
// %% 3
let mean = sales.floats("month")?.iter().sum::<f64>() / sales.height() as f64;
