//! title: without a target and without a registration, the variable that was returned last is meant
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2 4 5
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
let shops = sales.clone().lazy().select([col("shop").n_unique()]).collect()?;
shops
// %% 3
let by_month = sales.clone().lazy().group_by_stable([col("month")]).agg([col("amount").sum()]).collect()?;
// %% 4
by_month
// %% 5
println!("done");
