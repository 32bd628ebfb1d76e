//! Reports of what the compiler said.

use super::draw::{draw, remark};
use super::finding::{Finding, Remark};
use super::message::{Level, Message};
use super::{Context, Style, environment, follow, words};
use crate::event::{Failure, FailureKind};
use crate::map::{Glue, Origin};

/// Most errors that are drawn.
const SHOWN: usize = 5;
/// Errors of the lexer and parser that have codes.
const SYNTAX: [&str; 8] = ["E0586", "E0748", "E0758", "E0762", "E0763", "E0765", "E0766", "E0768"];
/// Warnings that tell of a likely mistake. Others (unused variables, mutability) have other causes in a notebook.
const WARNINGS: [&str; 16] = [
    "ambiguous_glob_reexports",
    "deprecated",
    "dropping_copy_types",
    "dropping_references",
    "for_loops_over_fallibles",
    "forgetting_references",
    "irrefutable_let_patterns",
    "let_underscore_lock",
    "noop_method_call",
    "unconditional_recursion",
    "uncovered_param_in_projection",
    "unreachable_code",
    "unreachable_patterns",
    "unused_comparisons",
    "unused_labels",
    "unused_must_use",
];

/// What the compiler refused, drawn over the cells.
///
/// [`FailureKind::Syntax`] when the text does not parse, [`FailureKind::Environment`] when no cell is to blame,
/// else [`FailureKind::Compile`].
pub fn report(messages: &[Message], context: &Context<'_>, style: Style) -> Failure {
    if let Some(failure) = environment::environment(messages, context) {
        return failure;
    }
    let (findings, syntax) = essential_errors(messages, context);
    let Some(first) = findings.first() else { return environment::unexplained(messages) };
    let kind = if syntax { FailureKind::Syntax } else { FailureKind::Compile };
    let name =
        first.code.clone().unwrap_or_else(|| if kind == FailureKind::Syntax { "syntax" } else { "error" }.to_owned());
    let mut failure = Failure::new(kind, name, headline(first, findings.len() - 1));
    failure.report.clear();
    for (number, finding) in findings.iter().take(SHOWN).enumerate() {
        if number > 0 {
            failure.report.push(String::new());
        }
        failure.report.extend(draw(finding, context.cells, style));
        failure.report.extend(blame(finding, style));
    }
    if let more @ 1.. = findings.len().saturating_sub(SHOWN) {
        failure.report.push(format!("and {}", counted(more)));
    }
    let helps = first.remarks.iter().filter(|(kind, _)| *kind == Remark::Help);
    failure.hints.extend(helps.map(|(_, text)| words::one_line(text)));
    failure
}

/// The errors that do not follow from others, and whether they are of the parser.
pub(super) fn essential_errors(messages: &[Message], context: &Context<'_>) -> (Vec<Finding>, bool) {
    let errors = messages.iter().filter(|message| message.level == Level::Error && !is_summary(message));
    let mut findings = follow::essential(errors.map(|error| Finding::new(error, context)).collect());
    let syntax = findings.first().is_some_and(|first| is_syntax(first, context));
    if syntax {
        // What the parser did not understand is missing, so that more is found missing later.
        findings.retain(is_of_parser);
    }
    (findings, syntax)
}

/// Warnings of the newest cell that tell of likely mistakes, drawn.
pub fn warnings(messages: &[Message], context: &Context<'_>, style: Style) -> Vec<String> {
    telling_warnings(messages, context).iter().map(|finding| draw(finding, context.cells, style).join("\n")).collect()
}

/// Warnings of the newest cell that tell of likely mistakes.
pub(super) fn telling_warnings(messages: &[Message], context: &Context<'_>) -> Vec<Finding> {
    let newest = context.map.segments.iter().filter_map(|segment| match segment.origin {
        Origin::Cell { execution, .. } | Origin::Lowered { execution, .. } => Some(execution),
        Origin::Glue(_) => None,
    });
    let newest = newest.max();
    let telling = messages.iter().filter(|message| {
        message.level == Level::Warning && message.code().is_some_and(|code| WARNINGS.contains(&code))
    });
    let findings = telling.map(|warning| Finding::new(warning, context));
    let of_cell = findings.filter(|finding| finding.place().map(|place| place.execution) == newest && newest.is_some());
    of_cell.collect()
}

fn is_summary(message: &Message) -> bool {
    message.message.starts_with("aborting due to")
}

fn headline(first: &Finding, others: usize) -> String {
    let message = words::one_line(&first.message);
    if others == 0 { message } else { format!("{message} (and {})", counted(others)) }
}

fn counted(others: usize) -> String {
    if others == 1 { "1 more error".to_owned() } else { format!("{others} more errors") }
}

/// What to say of an error that lies in glue only.
fn blame(finding: &Finding, style: Style) -> Vec<String> {
    let help = match &finding.glue {
        None => return Vec::new(),
        Some(Glue::Plain) => "the fault is in code that the engine made; `%expand` shows it".to_owned(),
        Some(Glue::Take(tag)) => format!("make `{0}` again, or forget it with `%reset {0}`", words::variable(tag)),
        Some(Glue::Put(tag)) => {
            format!(
                "wrap the line that makes `{}` in a block, so that it ends there, or store an owned value",
                words::variable(tag)
            )
        }
        Some(Glue::Show) => "end the cell with `;`, so that nothing is shown".to_owned(),
    };
    remark(Remark::Help, &help, style)
}

fn is_syntax(finding: &Finding, context: &Context<'_>) -> bool {
    let parses = || syn::parse_file(context.generated).is_ok();
    is_of_parser(finding) && (finding.code.is_some() || finding.message.starts_with("expected ") || !parses())
}

/// Whether an error may be one of the lexer or parser; those of macros have no code either.
fn is_of_parser(finding: &Finding) -> bool {
    finding.code.as_deref().is_none_or(|code| SYNTAX.contains(&code))
}
