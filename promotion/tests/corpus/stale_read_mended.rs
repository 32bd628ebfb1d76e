//! title: the table was cleaned after the model had been fitted, and the model was fitted again
//! target: model
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4
//! data: patients=data/patients.csv
//! runs: 1 2 3 2' 4 3

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
