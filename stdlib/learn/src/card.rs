//! What displays of models have in common: the task, the features, the parameters in words, importances as bars.

use crate::model::Signature;
use crate::table::{Table, number};
use ironbook_core::Bundle;
use ironbook_data::Kind;
use serde::Serialize;
use serde_json::Value;

/// Features with a bar.
pub const SHOWN: usize = 20;
/// Names of classes that are listed.
const CLASSES: usize = 6;

/// The card of a fitted model: what it is for, and what it reads.
pub fn model(name: &str, task: &str, signature: &Signature, rows: usize, header: &[&str]) -> Table {
    let mut table = Table::new(format!("{name} for \"{}\", {rows} rows", signature.target), header);
    table.field("task", task_words(task, signature));
    table.field("features", features(signature));
    table
}

fn task_words(task: &str, signature: &Signature) -> String {
    let Some(classes) = &signature.classes else { return task.to_owned() };
    let names = classes.names();
    let some: Vec<&str> = names.iter().take(CLASSES).map(String::as_str).collect();
    let more = if names.len() > CLASSES { ", .." } else { "" };
    format!("{task} of {} classes: {}{more}", names.len(), some.join(", "))
}

/// `17: 12 numeric, 4 text, 1 time`.
fn features(signature: &Signature) -> String {
    let count = |what: fn(&Kind) -> bool| signature.features.iter().filter(|feature| what(&feature.kind)).count();
    let kinds = [
        (count(|kind| matches!(kind, Kind::Numeric)), "numeric"),
        (count(|kind| matches!(kind, Kind::Categorical(_))), "text"),
        (count(|kind| matches!(kind, Kind::Time)), "time"),
    ];
    let kinds: Vec<String> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    match kinds.len() {
        1 => kinds.join(""),
        _ => format!("{}: {}", signature.features.len(), kinds.join(", ")),
    }
}

/// The main parameters, and those that are not as by default: `n_estimators = 100, max_depth = 3`.
pub fn parameters(params: &impl Serialize, defaults: &impl Serialize, main: &[&str]) -> String {
    let shown = values(params, defaults).into_iter().filter(|p| p.changed || main.contains(&p.name.as_str()));
    let words: Vec<String> = shown.map(|p| format!("{} = {}", p.name, p.value)).collect();
    words.join(", ")
}

/// The card of parameters that nothing was fitted with yet.
pub fn unfitted(name: &str, params: &impl Serialize, defaults: &impl Serialize) -> Bundle {
    let mut table = Table::card(format!("Parameters of {name}"));
    let (changed, same): (Vec<Parameter>, Vec<Parameter>) =
        values(params, defaults).into_iter().partition(|parameter| parameter.changed);
    changed.into_iter().for_each(|p| table.field(p.name, p.value));
    let same: Vec<String> = same.iter().map(|p| format!("{} = {}", p.name, p.value)).collect();
    if !same.is_empty() {
        table.field("as by default", same.join(", "));
    }
    table.note(".fit(&data)? fits the model");
    table.bundle()
}

struct Parameter {
    name: String,
    value: String,
    changed: bool,
}

fn values(params: &impl Serialize, defaults: &impl Serialize) -> Vec<Parameter> {
    listed(&serde_json::to_value(params).unwrap_or_default(), &serde_json::to_value(defaults).unwrap_or_default())
}

fn listed(params: &Value, defaults: &Value) -> Vec<Parameter> {
    let Some(fields) = params.as_object() else { return Vec::new() };
    let parameter = |(name, value): (&String, &Value)| Parameter {
        name: name.clone(),
        value: words(value),
        changed: defaults.get(name) != Some(value),
    };
    fields.iter().map(parameter).collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(words).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let all: Vec<String> = fields.iter().map(|(name, value)| format!("{name} {}", words(value))).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        }
        Value::Number(n) if n.is_f64() => number(n.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    }
}

/// Rows with bars, largest first, each with what `more` adds; those beyond [`SHOWN`] are counted.
pub fn importances(table: &mut Table, all: &[(String, f64)], more: &dyn Fn(&str) -> Vec<String>) {
    let largest = all.iter().map(|(_, size)| size.abs()).fold(0.0, f64::max);
    for (name, size) in all.iter().take(SHOWN) {
        let share = if largest > 0.0 { size / largest } else { 0.0 };
        table.bar([name.clone(), number(*size)].into_iter().chain(more(name)), share);
    }
    if all.len() > SHOWN {
        table.note(format!("and {} features more: importances() has all", all.len() - SHOWN));
    }
}

/// Coefficients with bars of what they do at the feature's deviation; of many features the strongest.
pub fn coefficients(table: &mut Table, names: &[&str], coef: &[f64], std: &[f64]) {
    let effects: Vec<f64> = coef.iter().zip(std).map(|(w, s)| w * s).collect();
    let largest = effects.iter().fold(0.0f64, |most, effect| most.max(effect.abs()));
    for j in strongest(&effects.iter().map(|effect| effect.abs()).collect::<Vec<_>>()) {
        let share = if largest > 0.0 { effects[j] / largest } else { 0.0 };
        table.bar([names[j].to_owned(), number(coef[j]), number(effects[j])], share);
    }
    rest(table, names.len());
}

/// The features to show: all in their order, or the strongest first.
pub fn strongest(sizes: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    if sizes.len() > SHOWN {
        order.sort_by(|a, b| sizes[*b].total_cmp(&sizes[*a]));
        order.truncate(SHOWN);
    }
    order
}

/// Says how many features are not shown.
pub fn rest(table: &mut Table, features: usize) {
    if features > SHOWN {
        table.note(format!("the {SHOWN} strongest of {features} features: coefficients() has all"));
    }
}
