//! title: nobody said what is wanted, and no cell returned a variable
//! verdict: refuses
//! reason: no-target
//! remedy: target

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
let total: f64 = sales.floats("amount")?.iter().filter(|amount| !amount.is_nan()).sum();
println!("{total:.2}");
