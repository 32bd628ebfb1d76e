//! title: a parameter was changed, and the model not fitted again
//! target: model
//! verdict: refuses
//! reason: stale-read
//! at: 3:1
//! remedy: run cell 3
//! runs: 1 2 3 1'

// %% 1 tags=parameters
let trees: usize = 12;
// %% 1' tags=parameters
let trees: usize = 24;
// %% 2
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 3
let model = Gbdt::params().n_estimators(trees).fit(&all)?;
