//! title: a model that is served from a cell, and its server stopped, between the steps
//! target: accuracy
//! verdict: promotes
//! stages-cells: 1 2 5
//! dropped: 3 4
//! data: patients=data/patients.csv

// %% 1
let patients = read_csv("data/patients.csv")?;
// %% 2
let all = Dataset::new(&patients, &["age", "bmi", "smoker"], "relapse")?;
let model = Gbdt::params().n_estimators(5).fit(&all)?;
// %% 3
%serve model --port 0 --name promoted-corpus
// %% 4
%serve --stop promoted-corpus
// %% 5
let accuracy = eval::evaluate(&model, &all)?.accuracy;
