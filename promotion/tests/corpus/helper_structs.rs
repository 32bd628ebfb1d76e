//! title: records of a struct of one's own, with serde
//! target: oldest
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1
//! data: patients=data/patients.csv

// %% 1
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Patient {
    age: f64,
    ward: String,
}

impl Patient {
    fn older_than(&self, other: &Patient) -> bool {
        self.age > other.age
    }
}
// %% 2
let table = read_csv("data/patients.csv")?;
let patients: Vec<Patient> =
    table.floats("age")?.into_iter().zip(table.strings("ward")?).map(|(age, ward)| Patient { age, ward }).collect();
// %% 3
let oldest = patients.iter().fold(patients[0].clone(), |best, p| if p.older_than(&best) { p.clone() } else { best });
