//! `params.yaml`: the parameters with their defaults, to be edited.

use super::quote::line;
use super::yaml::Yaml;
use crate::definition::Definition;

/// The text of `params.yaml`: each parameter with its default, below what it means. A program reads it, and so does DVC.
pub fn params_yaml(definition: &Definition) -> String {
    let mut out = format!("# Parameters of {}; `-p NAME=VALUE` goes before these.\n", definition.name);
    for param in &definition.params {
        if !param.doc.is_empty() {
            out.push_str(&format!("# {}\n", line(&param.doc)));
        }
        out.push_str(&Yaml::Map(vec![(param.name.clone(), (&param.default).into())]).document());
    }
    if definition.params.is_empty() {
        out.push_str("{}\n");
    }
    out
}
