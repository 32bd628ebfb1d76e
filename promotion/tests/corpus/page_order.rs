//! title: the page is in another order than the cells were run in
//! target: model
//! verdict: promotes
//! stages-cells: 3 2 1
//! data: patients=data/patients.csv
//! runs: 3 2 1

// %% 1
let model = LogisticRegression::params().fit(&all)?;
// %% 2
let all = Dataset::new(&patients, &["age", "bmi", "stay"], "relapse")?;
// %% 3
let patients = read_csv("data/patients.csv")?;
