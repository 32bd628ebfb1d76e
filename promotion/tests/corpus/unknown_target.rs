//! title: the target is spelled wrong
//! target: forrest
//! verdict: refuses
//! reason: unknown-target
//! remedy: `forest`

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let forest = RandomForest::params().n_estimators(5).seed(1).fit(&all)?;
