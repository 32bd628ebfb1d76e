//! title: an unchanged cell ran again, with the same result, after others had used it
//! target: model
//! verdict: promotes
//! stages-cells: 1 2 3
//! data: patients=data/patients.csv
//! runs: 1 2 3 1 2

// %% 1
let patients = read_csv("data/patients.csv")?;
// %% 2
let all = Dataset::new(&patients, &["age", "bmi", "stay"], "relapse")?;
// %% 3
let model = LogisticRegression::params().fit(&all)?;
