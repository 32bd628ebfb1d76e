//! title: a needed cell was edited, and edited back
//! target: model
//! verdict: promotes
//! stages-cells: 1 2
//! data: patients=data/patients.csv
//! runs: 1 2 ~2' ~2

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let model = Gbdt::params().n_estimators(10).fit(&all)?;
// %% 2'
let model = Gbdt::params().n_estimators(100).fit(&all)?;
