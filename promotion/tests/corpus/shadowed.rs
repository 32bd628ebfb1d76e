//! title: one name for a table that is changed from cell to cell
//! target: df
//! verdict: promotes
//! stages-cells: 1 2 4
//! dropped: 3
//! data: sales=data/sales.csv

// %% 1
let df = read_csv("data/sales.csv")?;
// %% 2
let df = df.lazy().drop_nulls(None).collect()?;
// %% 3
df.height()
// %% 4
let df = df.lazy().with_columns([(col("amount") * (lit(1.0) - col("discount"))).alias("paid")]).collect()?;
