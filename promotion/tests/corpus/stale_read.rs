//! title: the table was cleaned after the model had been fitted
//! target: model
//! verdict: refuses
//! reason: stale-read
//! at: 3:1
//! remedy: run cell 3
//! runs: 1 2 3 2' 4

// %% 1
let patients = read_csv("data/patients.csv")?;
// %% 2
let adults = patients.clone().lazy().filter(col("age").gt(lit(20))).collect()?;
// %% 2'
let adults = patients.clone().lazy().filter(col("age").gt(lit(30))).collect()?;
// %% 3
let all = Dataset::new(&adults, &["age", "bmi", "stay"], "relapse")?;
let model = LogisticRegression::params().fit(&all)?;
// %% 4
adults.height()
