//! The `MLmodel` file of MLflow's model format, and the files beside it.

use crate::models::{FILE, ModelFiles};
use chrono::{DateTime, Utc};
use ironbook_store::{Error, LoggedModel, Result};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Name of the module that loads the model in Python.
const LOADER: &str = "ironbook_model";
/// Python that the loader was tried with.
const PYTHON: &str = "3.11.7";

/// What Ironbook reads of a model.
pub(crate) struct Card {
    pub format: String,
    pub type_path: String,
}

/// Writes everything but the model's own file.
pub(crate) fn write(
    directory: &Path,
    files: &ModelFiles<'_>,
    model: &LoggedModel,
    run: Option<&str>,
    example: Option<&Value>,
) -> Result<()> {
    let put = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).map_err(|e| Error::io("write", &path, e))
    };
    let size = fs::metadata(directory.join(FILE)).map_or(0, |meta| meta.len());
    put("MLmodel", &yaml(&card(files, model, run, size, example.is_some())))?;
    if let Some(loader) = files.loader {
        let code = directory.join("code");
        fs::create_dir_all(&code).map_err(|e| Error::io("create the directory", &code, e))?;
        put(&format!("code/{LOADER}.py"), loader)?;
        let packages = packages(files);
        put("requirements.txt", &(packages.join("\n") + "\n"))?;
        let environment =
            json!({ "python": PYTHON, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"] });
        put("python_env.yaml", &yaml(&environment))?;
        let conda = json!({
            "name": "mlflow-env",
            "channels": ["conda-forge"],
            "dependencies": [format!("python={PYTHON}"), "pip", { "pip": packages }],
        });
        put("conda.yaml", &yaml(&conda))?;
    }
    if let Some(example) = example {
        put("input_example.json", &example.to_string())?;
        put("serving_input_example.json", &json!({ "dataframe_split": example }).to_string())?;
    }
    Ok(())
}

fn packages(files: &ModelFiles<'_>) -> Vec<&'static str> {
    let mut all = vec!["mlflow", "numpy", "pandas"];
    all.extend(files.xgboost.then_some("xgboost"));
    all
}

fn card(files: &ModelFiles<'_>, model: &LoggedModel, run: Option<&str>, size: u64, example: bool) -> Value {
    let mut flavors = json!({
        "ironbook": {
            "data": FILE,
            "format": files.format,
            "type": files.type_path,
            "version": env!("CARGO_PKG_VERSION"),
        },
    });
    if files.loader.is_some() {
        flavors["python_function"] = json!({
            "loader_module": LOADER,
            "code": "code",
            "data": FILE,
            "env": { "conda": "conda.yaml", "virtualenv": "python_env.yaml" },
            "python_version": PYTHON,
        });
    }
    if files.xgboost {
        flavors["xgboost"] = json!({
            "data": FILE,
            "model_class": "xgboost.core.Booster",
            "model_format": "json",
            "xgb_version": "3.2.0",
            "code": "code",
        });
    }
    let input = |(name, kind): &(String, &str)| json!({ "type": kind, "name": name, "required": true });
    let inputs: Vec<Value> = files.inputs.iter().map(input).collect();
    let outputs = json!([{ "type": files.output, "required": true }]);
    let method = json!([{ "name": "predict_method", "type": "string", "default": "predict", "shape": null }]);
    let created: DateTime<Utc> = DateTime::from_timestamp_millis(model.created).unwrap_or_default();
    let mut card = json!({
        "artifact_path": format!("models:/{}", model.id),
        "flavors": flavors,
        "mlflow_version": "3.17.2",
        "model_id": model.id,
        "model_size_bytes": size,
        "model_uuid": model.id,
        "run_id": run,
        "signature": {
            // JSON within YAML, as MLflow writes it.
            "inputs": Value::Array(inputs).to_string(),
            "outputs": outputs.to_string(),
            "params": if files.proba { Value::String(method.to_string()) } else { Value::Null },
        },
        "utc_time_created": created.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
    });
    if example {
        card["saved_input_example_info"] = json!({
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
        });
    }
    card
}

/// Reads what Ironbook itself needs.
pub(crate) fn read(directory: &Path, uri: &str) -> Result<Card> {
    let path = directory.join("MLmodel");
    let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
    let foreign = || Error::Foreign { uri: uri.to_owned(), flavors: flavors(&text).join(", ") };
    // Of a file that Ironbook wrote: one line per value, the values as JSON.
    let mut lines = text.lines().skip_while(|line| *line != "  ironbook:").skip(1);
    let own: Vec<&str> = lines.by_ref().take_while(|line| line.starts_with("    ")).collect();
    let value = |name: &str| {
        let found = own.iter().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
        found.and_then(|text| serde_json::from_str::<String>(text).ok())
    };
    let card = value("format").zip(value("type")).ok_or_else(foreign)?;
    Ok(Card { format: card.0, type_path: card.1 })
}

/// Names of the flavours of any `MLmodel`.
fn flavors(text: &str) -> Vec<&str> {
    let within = text.lines().skip_while(|line| *line != "flavors:").skip(1).take_while(|line| line.starts_with(' '));
    let name = |line: &'_ str| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
    within.filter(|line| name(line)).map(|line| line.trim().trim_end_matches(':')).collect()
}

/// JSON as YAML in blocks; texts stay in JSON's quotes, which YAML reads too.
fn yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // Writing to a string cannot fail.
                let _ = match value {
                    Value::Object(inner) if !inner.is_empty() => {
                        let _ = writeln!(out, "{indent}{name}:");
                        block(value, depth + 1, out);
                        Ok(())
                    }
                    Value::Array(inner) if !inner.is_empty() => {
                        let _ = writeln!(out, "{indent}{name}:");
                        block(value, depth, out);
                        Ok(())
                    }
                    other => writeln!(out, "{indent}{name}: {other}"),
                };
            }
        }
        // Elements in JSON, which YAML reads too.
        Value::Array(elements) => elements.iter().for_each(|element| {
            let _ = writeln!(out, "{indent}- {element}");
        }),
        other => {
            let _ = writeln!(out, "{indent}{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_yaml() {
        let value = json!({ "a": { "b": "x: y", "c": null }, "d": [1, { "e": "f" }], "g": {} });
        assert_eq!(yaml(&value), "a:\n  b: \"x: y\"\n  c: null\nd:\n- 1\n- {\"e\":\"f\"}\ng: {}\n");
    }

    #[test]
    fn flavours_of_others_are_named() {
        let text =
            "artifact_path: m\nflavors:\n  python_function:\n    env: x\n  sklearn:\n    code: null\nrun_id: r\n";
        assert_eq!(flavors(text), ["python_function", "sklearn"]);
    }
}
