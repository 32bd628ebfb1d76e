//! title: a duration that is only printed is no reason
//! target: model
//! verdict: promotes
//! stages-cells: 1 2
//! data: patients=data/patients.csv

// %% 1
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
let started = std::time::Instant::now();
let model = Gbdt::params().n_estimators(10).fit(&all)?;
println!("fitted in {:?}", started.elapsed());
