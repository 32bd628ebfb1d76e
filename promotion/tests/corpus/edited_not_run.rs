//! title: a needed cell was edited and not run again
//! target: model
//! verdict: refuses
//! reason: edited
//! at: 2
//! remedy: run cell 2
//! runs: 1 2 ~2'

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let model = Gbdt::params().n_estimators(10).fit(&all)?;
// %% 2'
let model = Gbdt::params().n_estimators(100).fit(&all)?;
