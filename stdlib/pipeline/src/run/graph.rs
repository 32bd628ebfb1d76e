//! Which stage needs which.

use super::error::{Result, RunError};
use crate::definition::{Definition, Stage};

/// The name that the registration has among the stages.
pub const REGISTER: &str = "register";

/// For each stage of a definition those that it takes values of, as indexes.
pub(crate) fn needs(definition: &Definition) -> Result<Vec<Vec<usize>>> {
    let of = |stage: &Stage| -> Result<Vec<usize>> {
        let mut makers = Vec::new();
        for input in &stage.inputs {
            let maker = index(definition, &input.from).ok();
            let made = maker.filter(|at| definition.stages[*at].outputs.iter().any(|made| made.name == input.name));
            let missing =
                || format!("the stage `{}` takes `{}.{}`, which no stage makes", stage.name, input.from, input.name);
            let maker = made.ok_or_else(|| RunError::Definition(missing()))?;
            if !makers.contains(&maker) {
                makers.push(maker);
            }
        }
        Ok(makers)
    };
    let needs: Vec<Vec<usize>> = definition.stages.iter().map(of).collect::<Result<_>>()?;
    acyclic(definition, &needs)?;
    Ok(needs)
}

fn acyclic(definition: &Definition, needs: &[Vec<usize>]) -> Result<()> {
    let mut done = vec![false; needs.len()];
    loop {
        let ready: Vec<usize> =
            (0..needs.len()).filter(|at| !done[*at] && needs[*at].iter().all(|maker| done[*maker])).collect();
        if ready.is_empty() {
            break;
        }
        ready.into_iter().for_each(|at| done[at] = true);
    }
    let left = (0..needs.len()).filter(|at| !done[*at]).map(|at| format!("`{}`", definition.stages[at].name));
    let left: Vec<String> = left.collect();
    if left.is_empty() { Ok(()) } else { Err(RunError::Circle(left.join(", "))) }
}

/// The stage with this name.
pub(crate) fn index(definition: &Definition, name: &str) -> Result<usize> {
    definition.stages.iter().position(|stage| stage.name == name).ok_or_else(|| RunError::UnknownStage {
        name: name.to_owned(),
        known: definition.stages.iter().map(|stage| format!("`{}`", stage.name)).collect::<Vec<_>>().join(", "),
    })
}

/// Stages, and all that they need.
pub(crate) fn with_needs(needs: &[Vec<usize>], of: &[usize]) -> Vec<bool> {
    let mut wanted = vec![false; needs.len()];
    let mut open = of.to_vec();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut wanted[at], true) {
            open.extend(&needs[at]);
        }
    }
    wanted
}

/// All that need a stage, directly or through others.
pub(crate) fn dependents(needs: &[Vec<usize>], of: usize) -> Vec<usize> {
    (0..needs.len()).filter(|at| *at != of && with_needs(needs, &[*at])[of]).collect()
}

/// A value by its stage and name: `train.model`.
pub(crate) fn value<'a>(definition: &Definition, path: &'a str) -> Result<(usize, &'a str)> {
    let none = || RunError::Definition(format!("`{path}` names no value of a stage"));
    let (stage, name) = path.split_once('.').ok_or_else(none)?;
    let at = index(definition, stage)?;
    let made = definition.stages[at].outputs.iter().any(|output| output.name == name);
    if made { Ok((at, name)) } else { Err(none()) }
}
