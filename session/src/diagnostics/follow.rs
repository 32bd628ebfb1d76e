//! Which errors are worth showing: those that follow from an earlier one are dropped.

use super::finding::Finding;
use super::words;
use crate::map::Place;

/// Errors of name resolution: the same name gives the same error wherever it stands.
const RESOLUTION: [&str; 7] = ["E0405", "E0412", "E0425", "E0432", "E0433", "E0531", "E0574"];
/// "Type annotations needed": after another error mostly its consequence.
const INFERENCE: [&str; 3] = ["E0282", "E0283", "E0284"];

/// Merges errors that repeat an earlier one, and drops those that follow from another.
pub(super) fn essential(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        match kept.iter_mut().find(|earlier| repeats(earlier, &finding)) {
            Some(earlier) => {
                let place = finding.place().filter(|place| earlier.place() != Some(place)).cloned();
                earlier.again.extend(place);
            }
            None => kept.push(finding),
        }
    }
    let mismatched: Vec<_> =
        kept.iter().filter(|finding| is(finding, &["E0308"])).filter_map(|f| f.place().cloned()).collect();
    kept.retain(|finding| !is_operator_of(finding, &mismatched));
    // An item of a trait that is misspelt is also missing.
    let strangers: Vec<_> = kept.iter().filter(|f| is(f, &["E0407", "E0437", "E0438"])).filter_map(execution).collect();
    kept.retain(|finding| !is(finding, &["E0046"]) || execution(finding).is_none_or(|id| !strangers.contains(&id)));
    let others: Vec<_> = kept.iter().filter(|finding| !is(finding, &INFERENCE)).filter_map(execution).collect();
    kept.retain(|finding| !is(finding, &INFERENCE) || execution(finding).is_none_or(|id| !others.contains(&id)));
    let in_cells = kept.iter().any(|finding| finding.glue.is_none() && !finding.labels.is_empty());
    kept.retain(|finding| !in_cells || finding.glue.is_none());
    kept
}

/// Whether an error says of an operator what a type mismatch of its right side has said already.
fn is_operator_of(finding: &Finding, mismatched: &[Place]) -> bool {
    const OPERATOR: usize = 5;
    let Some(place) = finding.place().filter(|_| is(finding, &["E0277"])) else { return false };
    let follows = |right: &Place| {
        right.execution == place.execution
            && right.range.start >= place.range.end
            && right.range.start - place.range.end < OPERATOR
    };
    finding.message.starts_with("cannot ") && mismatched.iter().any(follows)
}

fn execution(finding: &Finding) -> Option<crate::map::ExecutionId> {
    finding.place().map(|place| place.execution)
}

fn is(finding: &Finding, codes: &[&str]) -> bool {
    finding.code.as_deref().is_some_and(|code| codes.contains(&code))
}

fn resolves(finding: &Finding) -> bool {
    is(finding, &RESOLUTION) || finding.code.is_none() && finding.message.starts_with("cannot find")
}

fn repeats(earlier: &Finding, later: &Finding) -> bool {
    if earlier.message == later.message && earlier.code == later.code {
        return resolves(later) || earlier.place() == later.place();
    }
    if !resolves(earlier) || !resolves(later) {
        return false;
    }
    let (Some(a), Some(b)) = (words::quoted(&earlier.message), words::quoted(&later.message)) else { return false };
    let import = earlier.code.as_deref() == Some("E0432") || later.code.as_deref() == Some("E0432");
    a == b || import && a.split("::").next() == b.split("::").next()
}
