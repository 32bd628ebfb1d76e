//! title: a cell of parameters
//! target: model
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1
//! parameters: trees rate target
//! data: patients=data/patients.csv

// %% 1 tags=parameters
let trees: usize = 12; // how many trees
let rate = 0.2;
let target = "relapse";
// %% 2
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], target)?;
// %% 3
let model = Gbdt::params().n_estimators(trees).learning_rate(rate).fit(&all)?;
