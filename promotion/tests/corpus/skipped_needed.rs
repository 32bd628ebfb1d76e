//! title: what is needed comes from a cell tagged skip
//! target: rows
//! verdict: refuses
//! reason: skipped
//! at: 1
//! remedy: tag

// %% 1 tags=skip
let sales = read_csv("data/sales.csv")?;
// %% 2
let rows = sales.height();
