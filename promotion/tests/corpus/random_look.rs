//! title: five random rows to look at
//! target: model
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2
//! data: patients=data/patients.csv

// %% 1
use ironbook::rand::RngExt;
let patients = read_csv("data/patients.csv")?;
// %% 2
let from = ironbook::rand::rng().random_range(0..200i64);
patients.slice(from, 5)
// %% 3
let all = Dataset::new(&patients, &["age", "bmi", "stay"], "relapse")?;
let model = LogisticRegression::params().fit(&all)?;
