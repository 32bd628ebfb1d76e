//! title: charts between the steps, and tables shown
//! target: clean
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2 4 5
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
display(&plot::histogram(&sales.floats("month")?)?);
// %% 2
let months = sales.floats("month")?;
let amounts: Vec<f64> = sales.floats("amount")?.into_iter().map(|a| if a.is_nan() { 0.0 } else { a }).collect();
plot::scatter(&months, &amounts)?.title("Sales by month")
// %% 3
let clean = sales.clone().lazy().drop_nulls(None).collect()?;
println!("{} of {} rows are left", clean.height(), sales.height());
// %% 4
%profile clean
// %% 5
%whos
