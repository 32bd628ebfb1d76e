//! title: a needed cell looks at the clock for a variable that the target does not need
//! target: model
//! verdict: promotes
//! stages-cells: 1 2
//! dropped: 3
//! data: patients=data/patients.csv

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let model = LogisticRegression::params().fit(&all)?;
let fitted_at = std::time::SystemTime::now();
// %% 3
println!("{:?} ago", fitted_at.elapsed()?);
