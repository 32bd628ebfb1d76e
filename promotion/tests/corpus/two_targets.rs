//! title: two targets share a table
//! target: model rows
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4
//! data: patients=data/patients.csv

// %% 1
let patients = read_csv("data/patients.csv")?;
// %% 2
let rows = patients.height();
// %% 3
let model = LogisticRegression::params().fit(&Dataset::new(&patients, &["age", "bmi"], "relapse")?)?;
// %% 4
let wards = patients.strings("ward")?;
