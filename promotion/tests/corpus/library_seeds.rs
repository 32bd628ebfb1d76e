//! title: models and splits of the library have seeds of their own
//! target: network forest
//! verdict: promotes
//! stages-cells: 1 2 3
//! data: patients=data/patients.csv

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
let (train, test) = eval::Holdout::new(0.2).split(&all)?;
// %% 2
let forest = RandomForest::params().n_estimators(5).fit(&train)?;
// %% 3
let network = MlpClassifier::params().hidden([4]).epochs(2).fit(&train)?;
