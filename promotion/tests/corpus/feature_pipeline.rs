//! title: a pipeline of features, fitted with its model, judged on held-out rows
//! target: model accuracy
//! verdict: promotes
//! stages-cells: 1 2 3 4
//! dropped: 5 6
//! data: patients=data/patients.csv

// %% 1
use ironbook::data::read_csv;
let patients = read_csv("data/patients.csv")?;
// %% 2
let columns = ["age", "bmi", "smoker", "ward", "stay"];
let all = Dataset::new(&patients, &columns, "relapse")?;
let (train, test) = eval::Holdout::new(0.3).seed(5).split(&all)?;
// %% 3
let prepared = Pipeline::new().one_hot(["smoker", "ward"]).standardise(["age", "bmi", "stay"]);
let model = prepared.then(LogisticRegression::params()).fit(&train)?;
// %% 4
let accuracy = eval::evaluate(&model, &test)?.accuracy;
// %% 5
eval::slices(&model, &test, &["smoker"])?
// %% 6
accuracy
