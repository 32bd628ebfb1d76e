//! title: rows drawn by a generator without a seed
//! target: model
//! verdict: refuses
//! reason: random
//! at: 2:2
//! remedy: seed_from_u64
//! allow: random
//! verdict: promotes
//! stages-cells: 1 2 3
//! data: patients=data/patients.csv

// %% 1
use ironbook::rand::RngExt;
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
// %% 2
// a random half of the rows
let mut draw = ironbook::rand::rng();
let half: Vec<usize> = (0..all.rows()).filter(|_| draw.random_range(0..2) == 0).collect();
// %% 3
let model = LogisticRegression::params().fit(&all.select_rows(&half))?;
