//! title: a summary that carries the time of day
//! target: summary
//! verdict: refuses
//! reason: clock
//! at: 2:3
//! remedy: clock

// %% 1
use serde::{Serialize, Deserialize};
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Summary { rows: usize, made: String }
let sales = read_csv("data/sales.csv")?;
// %% 2
let rows = sales.height();

let made = ironbook::chrono::Utc::now().to_rfc3339();
let summary = Summary { rows, made };
