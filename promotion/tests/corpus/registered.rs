//! title: without a target, what was registered last is meant
//! verdict: promotes
//! stages-cells: 2 3
//! dropped: 1 4 5
//! data: patients=data/patients.csv

// %% 1
%track start relapse --name trees
// %% 2
let patients = read_csv("data/patients.csv")?;
let all = Dataset::new(&patients, &["age", "bmi", "smoker", "ward", "stay"], "relapse")?;
// %% 3
%track param trees=15
let model = Gbdt::params().n_estimators(15).fit(&all)?;
%track log rows=all.rows()
// %% 4
%track register model --as relapse --alias champion
%track end
// %% 5
let later = 5;
later
