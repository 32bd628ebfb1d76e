//! Data as the inputs of a run.

use ironbook_core::record::{Data, File};
use ironbook_store::model::dataset::CONTEXT;
use ironbook_store::{Dataset, DatasetInput, Tag};
use serde_json::{Value, json};

/// Most files that are recorded beside the data itself.
const MAX_FILES: usize = 20;

/// The data that a model was given, and the files that this process has read, which it comes from.
pub(crate) fn input_of(data: &Data<'_>) -> Vec<DatasetInput> {
    let files = (data.files)();
    let skip = files.len().saturating_sub(MAX_FILES);
    let files = &files[skip..];
    let mut inputs = vec![own(data, files)];
    inputs.extend(files.iter().filter_map(file));
    inputs
}

fn own(data: &Data<'_>, files: &[File]) -> DatasetInput {
    let columns = (data.columns)();
    let schema: Vec<Value> = columns.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
    // One file says by its name what the data is.
    let name = match files {
        [one] => stem(&one.path),
        _ if data.target.is_empty() => "data".to_owned(),
        _ => format!("data for {}", data.target),
    };
    let source = json!({ "files": files.iter().map(|file| &file.path).collect::<Vec<_>>() });
    let dataset = Dataset {
        name,
        digest: short(&(data.digest)()),
        source_type: "code".to_owned(),
        source: source.to_string(),
        schema: Some(json!({ "mlflow_colspec": schema }).to_string()),
        profile: Some(json!({ "num_rows": data.rows, "num_columns": columns.len() }).to_string()),
    };
    DatasetInput { tags: vec![Tag::new(CONTEXT, data.context)], dataset }
}

fn file(file: &File) -> Option<DatasetInput> {
    let dataset = Dataset {
        name: stem(&file.path),
        digest: short(file.digest.as_deref()?),
        source_type: "local".to_owned(),
        source: json!({ "uri": file.path, "format": file.format }).to_string(),
        schema: None,
        profile: Some(json!({ "num_rows": file.rows, "bytes": file.bytes }).to_string()),
    };
    Some(DatasetInput { tags: vec![Tag::new(CONTEXT, "file")], dataset })
}

fn stem(path: &str) -> String {
    let stem = std::path::Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "data".to_owned()).chars().take(500).collect()
}

/// MLflow keeps 36 characters of a digest.
fn short(digest: &str) -> String {
    digest.chars().take(32).collect()
}
