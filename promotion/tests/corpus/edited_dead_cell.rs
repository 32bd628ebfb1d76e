//! title: a cell that the target does not need was edited and not run again
//! target: model
//! verdict: promotes
//! stages-cells: 1 2
//! dropped: 3
//! data: patients=data/patients.csv
//! runs: 1 2 3 ~3'

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let model = Gbdt::params().n_estimators(10).fit(&all)?;
// %% 3
let accuracy = eval::evaluate(&model, &all)?.accuracy;
// %% 3'
let accuracy = eval::evaluate(&model, &all)?.roc_auc;
