//! title: the target is nothing but a parameter
//! target: depth
//! verdict: refuses
//! reason: parameter-target
//! remedy: variable

// %% 1 tags=parameters
let depth: u32 = 3;
// %% 2
let all = Dataset::new(&read_csv("data/patients.csv")?, &["age", "bmi", "stay"], "relapse")?;
let tree = DecisionTree::params().max_depth(depth as usize).fit(&all)?;
