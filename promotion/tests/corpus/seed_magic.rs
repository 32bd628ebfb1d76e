//! title: the session's seed is set before the model is fitted
//! target: forest
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1
//! data: patients=data/patients.csv

// %% 1
%seed 42
// %% 2
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 3
let forest = RandomForest::params().n_estimators(5).fit(&all)?;
