//! title: most of what was tried is not needed
//! target: linear
//! verdict: promotes
//! stages-cells: 1 3 7
//! dropped: 2 4 5 6 8
//! data: patients=data/patients.csv

// %% 1
let patients = read_csv("data/patients.csv")?;
// %% 2
let stays = patients.floats("stay")?;
plot::histogram(&stays)?.title("How long they stay")
// %% 3
let all = Dataset::new(&patients, &["age", "bmi", "stay"], "relapse")?;
// %% 4
let forest = RandomForest::params().n_estimators(10).seed(3).fit(&all)?;
// %% 5
let accuracy = eval::evaluate(&forest, &all)?.accuracy;
// %% 6
let by_ward = patients.clone().lazy().group_by([col("ward")]).agg([col("relapse").mean()]).collect()?;
by_ward
// %% 7
let linear = LogisticRegression::params().fit(&all)?;
// %% 8
let both = vec![accuracy, eval::evaluate(&linear, &all)?.accuracy];
both
