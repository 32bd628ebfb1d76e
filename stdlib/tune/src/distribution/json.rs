//! Distributions in the JSON of Optuna's database.

use super::Distribution;
use crate::value::ParamValue;
use serde::{Deserialize, Serialize};

/// How Optuna 3 to 5 write one.
#[allow(clippy::enum_variant_names)] // Optuna's names.
#[derive(Serialize, Deserialize)]
#[serde(tag = "name", content = "attributes")]
enum Written {
    FloatDistribution {
        step: Option<f64>,
        low: f64,
        high: f64,
        log: bool,
    },
    IntDistribution {
        log: bool,
        step: i64,
        low: i64,
        high: i64,
    },
    CategoricalDistribution {
        choices: Vec<ParamValue>,
    },
    // Optuna before 3.0; read, never written.
    #[serde(skip_serializing)]
    UniformDistribution {
        low: f64,
        high: f64,
    },
    #[serde(skip_serializing)]
    LogUniformDistribution {
        low: f64,
        high: f64,
    },
    #[serde(skip_serializing)]
    DiscreteUniformDistribution {
        low: f64,
        high: f64,
        q: f64,
    },
    #[serde(skip_serializing)]
    IntUniformDistribution {
        low: i64,
        high: i64,
        step: i64,
    },
    #[serde(skip_serializing)]
    IntLogUniformDistribution {
        low: i64,
        high: i64,
    },
}

impl Distribution {
    /// As Optuna writes it.
    pub fn to_json(&self) -> String {
        let written = match self.clone() {
            Distribution::Float { low, high, log, step } => Written::FloatDistribution { step, low, high, log },
            Distribution::Int { low, high, log, step } => Written::IntDistribution { log, step, low, high },
            Distribution::Categorical { choices } => Written::CategoricalDistribution { choices },
        };
        serde_json::to_string(&written).expect("numbers, names and lists of them")
    }

    /// What Optuna has written.
    ///
    /// # Errors
    /// The JSON's fault.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        Ok(match serde_json::from_str(text)? {
            Written::FloatDistribution { step, low, high, log } => Distribution::Float { low, high, log, step },
            Written::IntDistribution { log, step, low, high } => Distribution::Int { low, high, log, step },
            Written::CategoricalDistribution { choices } => Distribution::Categorical { choices },
            Written::UniformDistribution { low, high } => Distribution::Float { low, high, log: false, step: None },
            Written::LogUniformDistribution { low, high } => Distribution::Float { low, high, log: true, step: None },
            Written::DiscreteUniformDistribution { low, high, q } => {
                Distribution::Float { low, high, log: false, step: Some(q) }
            }
            Written::IntUniformDistribution { low, high, step } => Distribution::Int { low, high, log: false, step },
            Written::IntLogUniformDistribution { low, high } => Distribution::Int { low, high, log: true, step: 1 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_optuna_writes() {
        // Taken from databases that Optuna 5.0.0 has made.
        for text in [
            r#"{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}"#,
            r#"{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}"#,
            r#"{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}"#,
            r#"{"name": "CategoricalDistribution", "attributes": {"choices": ["a", null, true, 1, 2.5]}}"#,
        ] {
            let read = Distribution::from_json(text).unwrap();
            assert_eq!(read.to_json(), text.replace(": ", ":").replace(", ", ","));
        }
        let old = r#"{"name": "DiscreteUniformDistribution", "attributes": {"low": 0.0, "high": 1.0, "q": 0.5}}"#;
        assert_eq!(
            Distribution::from_json(old).unwrap(),
            Distribution::Float { low: 0.0, high: 1.0, log: false, step: Some(0.5) }
        );
        assert!(Distribution::from_json("{}").is_err());
    }
}
