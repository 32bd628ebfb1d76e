//! title: the session's seed was changed after the model had been fitted
//! target: forest
//! verdict: refuses
//! reason: stale-read
//! at: 3:1
//! remedy: run cell 3
//! runs: 1 2 3 1'

// %% 1
%seed 42
// %% 1'
%seed 43
// %% 2
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 3
let forest = RandomForest::params().n_estimators(5).fit(&all)?;
