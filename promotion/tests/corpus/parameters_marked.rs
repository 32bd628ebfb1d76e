//! title: a constant marked as a parameter, among other statements
//! target: few
//! verdict: promotes
//! stages-cells: 1 2
//! parameters: rows
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
let rows: usize = 7; // param
// %% 2
let few = sales.head(Some(rows));
