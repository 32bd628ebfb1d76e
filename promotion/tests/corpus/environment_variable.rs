//! title: a limit from an environment variable
//! target: few
//! verdict: refuses
//! reason: environment
//! at: 2:1
//! remedy: param
//! allow: environment
//! verdict: promotes
//! stages-cells: 1 2 3
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2
let limit: u32 = std::env::var("SALES_LIMIT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
// %% 3
let few = sales.head(Some(limit as usize));
