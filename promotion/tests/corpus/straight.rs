//! title: one straight way from a table to a model
//! target: model
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4
//! data: patients=data/patients.csv

// %% 1
let patients = read_csv("data/patients.csv")?;
patients.head(Some(3))
// %% 2
let columns = ["age", "bmi", "smoker", "ward", "stay"];
let all = Dataset::new(&patients, &columns, "relapse")?;
let (train, test) = eval::Holdout::new(0.25).seed(1).split(&all)?;
println!("{} to learn from, {} to judge by", train.rows(), test.rows());
// %% 3
let model = Gbdt::params().n_estimators(20).fit(&train)?;
// %% 4
let report = eval::evaluate(&model, &test)?;
report
