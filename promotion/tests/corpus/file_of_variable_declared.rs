//! title: the path stands in a variable, and the file is declared
//! target: sales
//! verdict: promotes
//! stages-cells: 1 2
//! data: sales=data/sales.csv

// %% 1
let path = "data/sales.csv";
// %% 2
// data: sales=data/sales.csv
let sales = read_csv(path)?;
