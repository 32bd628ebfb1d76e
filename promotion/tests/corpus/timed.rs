//! title: the fit is timed by a magic
//! target: model
//! verdict: promotes
//! stages-cells: 1 2
//! dropped: 3
//! data: patients=data/patients.csv

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
%time let model = LogisticRegression::params().fit(&all)?;
// %% 3
%time model.predict(&all.features)?.len()
