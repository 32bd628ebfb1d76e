//! The graph of stages as a tree: each stage once, below the last of those that it needs.

use ironbook_pipeline::Definition;
use ironbook_pipeline::definition::{Kind, Stage};

/// The lines of the tree, with what a stage takes from elsewhere behind its name.
pub(super) fn tree(definition: &Definition) -> String {
    let mut out = String::new();
    let roots: Vec<usize> = (0..definition.stages.len()).filter(|at| parent(definition, *at).is_none()).collect();
    for root in roots {
        out.push_str(&words(definition, root));
        out.push('\n');
        below(definition, root, "", &mut out);
    }
    out
}

fn below(definition: &Definition, at: usize, indent: &str, out: &mut String) {
    let children: Vec<usize> =
        (0..definition.stages.len()).filter(|child| parent(definition, *child) == Some(at)).collect();
    for (number, child) in children.iter().enumerate() {
        let last = number + 1 == children.len();
        let (mark, more) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push_str(&format!("{indent}{mark}{}\n", words(definition, *child)));
        below(definition, *child, &format!("{indent}{more}"), out);
    }
}

/// The last of the stages that a stage needs.
fn parent(definition: &Definition, at: usize) -> Option<usize> {
    let place = |name: &str| definition.stages.iter().position(|stage| stage.name == name);
    definition.stages[at].inputs.iter().filter_map(|input| place(&input.from)).max()
}

fn words(definition: &Definition, at: usize) -> String {
    let stage = &definition.stages[at];
    let above = parent(definition, at).map(|above| definition.stages[above].name.as_str());
    let others: Vec<String> = stage
        .inputs
        .iter()
        .filter(|input| Some(input.from.as_str()) != above)
        .map(|input| format!("{}.{}", input.from, input.name))
        .chain(stage.data.iter().map(|name| format!("data {name}")))
        .collect();
    let gate = if stage.kind == Kind::Gate { " (gate)" } else { "" };
    let from = if others.is_empty() { String::new() } else { format!("  ← {}", others.join(", ")) };
    format!("{}{gate}{}{from}", stage.name, makes(stage))
}

fn makes(stage: &Stage) -> String {
    let names: Vec<&str> = stage.outputs.iter().map(|output| output.name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!(" → {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_pipeline::definition::{Input, Output};

    fn stage(name: &str, needs: &[&str]) -> Stage {
        let input = |from: &&str| Input { name: "v".into(), from: (*from).into(), type_name: "u8".into() };
        let output = Output { name: "v".into(), type_name: "u8".into(), codec: "plain".into() };
        Stage {
            name: name.into(),
            inputs: needs.iter().map(input).collect(),
            outputs: vec![output],
            ..Stage::default()
        }
    }

    #[test]
    fn each_stage_stands_once() {
        let mut definition: Definition =
            Definition::parse(include_str!("../../../stdlib/pipeline/tests/main/full.toml")).unwrap();
        definition.stages =
            vec![stage("a", &[]), stage("b", &["a"]), stage("c", &["a"]), stage("d", &["b", "c"]), stage("e", &["a"])];
        definition.stages[4].kind = Kind::Gate;
        definition.stages[4].outputs.clear();
        definition.stages.push(stage("f", &[]));
        definition.stages[5].data = vec!["x".into()];
        let expected = "a → v\n├─ b → v\n├─ c → v\n│  └─ d → v  ← b.v\n└─ e (gate)\nf → v  ← data x\n";
        assert_eq!(tree(&definition), expected);
    }
}
