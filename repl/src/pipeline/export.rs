//! `ironbook pipeline export`.

use super::with_files;
use crate::Error;
use crate::terminal::{Style, Terminal};
use clap::Args;
use clap::builder::PossibleValuesParser;
use ironbook_pipeline::export::{ALL, Context, named, write};
use ironbook_pipeline::folder::Folder;
use serde_json::{Value, json};
use std::path::PathBuf;

pub(super) const HELP: &str = "\
Tools:
  dvc        dvc.yaml: `dvc repro` in the directory of the version
  mlproject  MLproject: `mlflow run --env-manager local .` there
  airflow    airflow_dag.py, for Airflow 3
  kubeflow   kubeflow.yaml, Kubeflow Pipelines IR 2.1.0, for the image of the Dockerfile
  github     .github/workflows/NAME.yml: write it to the root of the repository with `--out .`
  docker     Dockerfile and .dockerignore

The environment variable PIPELINE_BIN names a built program for the first three; without it cargo builds it.";

/// `ironbook pipeline export`.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// The version: NAME, NAME@1.3.0, NAME@1, NAME@latest, or its directory
    #[arg(value_name = "NAME[@VERSION]")]
    version: String,

    /// The tools [default: all]
    #[arg(value_name = "TOOL", value_parser = PossibleValuesParser::new(ALL.iter().map(|exporter| exporter.name())))]
    tools: Vec<String>,

    /// Write the files below this directory [default: the directory of the version]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Name of the container image [default: NAME:VERSION]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) fn run(export: &Export, folder: &Folder, terminal: &Terminal) -> Result<u8, Error> {
    let found = folder.resolve(&export.version)?;
    let mut context = Context::new(&found.definition).of(&found.directory);
    if let Some(image) = &export.image {
        context.image.clone_from(image);
    }
    let out = export.out.as_ref().unwrap_or(&found.directory);
    let chosen: Vec<_> = if export.tools.is_empty() {
        ALL.to_vec()
    } else {
        export.tools.iter().filter_map(|name| named(name)).collect()
    };
    let mut all = Vec::new();
    for exporter in chosen {
        let written = write(exporter, &context, out).map_err(|error| with_files(&error))?;
        if !export.json {
            terminal.out(&format!("{}\n", terminal.paint_out(Style::Dim, exporter.about())));
            written.iter().for_each(|path| terminal.out(&format!("  {}\n", path.display())));
        }
        all.push(json!({ "tool": exporter.name(), "files": written }));
    }
    if export.json {
        terminal.out(&format!("{:#}\n", Value::from(all)));
    }
    Ok(0)
}
