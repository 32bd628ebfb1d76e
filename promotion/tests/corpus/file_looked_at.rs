//! title: a file is read to be looked at
//! target: rows
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
println!("{}", std::fs::read_to_string("data/sales.csv")?.lines().next().unwrap_or(""));
// %% 3
let rows = sales.height();
