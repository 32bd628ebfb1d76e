//! Telling of fits, for whoever records runs; it costs nothing where nobody does.

use crate::error::LearnError;
use crate::model::Predict;
use ironbook_core::record::{self, Curve, Fit, Mark};
use ironbook_data::Dataset;
use serde::Serialize;
use serde_json::Value;

/// Fits, and tells of it: the parameters that `params` gives (of the fitted model, where there is one, since that knows its
/// seed), the data, how long it took, and the curves.
pub fn fitted<M: Predict, P: Serialize>(
    model: &'static str,
    data: &Dataset,
    params: impl FnOnce(Option<&M>) -> P,
    curves: impl FnOnce(&M) -> Vec<Curve>,
    fit: impl FnOnce() -> Result<M, LearnError>,
) -> Result<M, LearnError> {
    let Some(told) = Fit::begin(model) else { return fit() };
    let result = fit();
    let fitted = result.as_ref().ok();
    let params = serde_json::to_value(params(fitted)).unwrap_or_default();
    let mark = fitted.map_or_else(Mark::default, |fitted| fitted.signature().mark);
    end(told, (&params, data), mark, fitted.map_or_else(Vec::new, curves), result.as_ref().err());
    result
}

fn end(told: Fit, (params, data): (&Value, &Dataset), mark: Mark, curves: Vec<Curve>, error: Option<&LearnError>) {
    let mut all = record::extra_params();
    flatten("", params, &mut all);
    data.told("training", |data| told.end(mark, &all, &[data], curves, error.map(LearnError::to_string)));
}

/// No curves.
pub fn no_curves<M>(_: &M) -> Vec<Curve> {
    Vec::new()
}

/// Adds parameters as text, those within others as `outer.inner`.
pub fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, value, into);
            }
            return;
        }
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    into.push((if prefix.is_empty() { "params".to_owned() } else { prefix.to_owned() }, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_flattened() {
        let mut all = Vec::new();
        flatten("", &serde_json::json!({"a": 1, "b": {"c": "x", "d": null}, "e": [1, 2]}), &mut all);
        let pairs: Vec<_> = all.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b.c", "x"), ("b.d", "none"), ("e", "[1,2]")]);
    }
}
