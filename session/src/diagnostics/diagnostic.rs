//! What the compiler says of a cell, as data: for front ends that underline it and offer its fixes.

use super::Context;
use super::finding::{Finding, Role};
use crate::map::Place;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The cell would not run.
    Error,
    /// It would run, but something is likely a mistake.
    Warning,
    /// Worth knowing.
    Hint,
}

/// A message about a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// `E0308`, or a lint's name.
    pub code: Option<String>,
    /// Its text.
    pub message: String,
    /// Where it is; `None` when nothing of it lies in a cell.
    pub place: Option<Place>,
    /// What stands at that place.
    pub label: String,
    /// Other places with what is said of them.
    pub related: Vec<(Place, String)>,
    /// Notes and helps, each with its word before it.
    pub remarks: Vec<String>,
    /// What the compiler would write instead.
    pub fixes: Vec<Fix>,
}

/// A change of cells' texts that the compiler suggests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does.
    pub title: String,
    /// What is put in the place of what; all of them together.
    pub edits: Vec<(Place, String)>,
    /// Whether the compiler is sure that it is what was meant.
    pub sure: bool,
}

impl Diagnostic {
    /// One that is not the compiler's, without a place yet.
    pub fn new(severity: Severity, code: Option<String>, message: impl Into<String>) -> Self {
        Diagnostic {
            severity,
            code,
            message: message.into(),
            place: None,
            label: String::new(),
            related: Vec::new(),
            remarks: Vec::new(),
            fixes: Vec::new(),
        }
    }

    pub(super) fn of(finding: Finding, severity: Severity) -> Self {
        let (main, others) = match finding.labels.split_first() {
            Some((main, others)) => (Some(main), others),
            None => (None, [].as_slice()),
        };
        let related = others.iter().filter(|label| !label.text.is_empty());
        let again = finding.again.iter().map(|place| (place.clone(), "the same here".to_owned()));
        Diagnostic {
            severity,
            code: finding.code.clone(),
            message: finding.message.clone(),
            place: main.map(|label| label.place.clone()),
            label: main.filter(|label| label.role == Role::Primary).map(|l| l.text.clone()).unwrap_or_default(),
            related: related.map(|label| (label.place.clone(), label.text.clone())).chain(again).collect(),
            remarks: finding.remarks.iter().map(|(kind, text)| format!("{}: {text}", kind.word())).collect(),
            fixes: finding.fixes,
        }
    }
}

/// What the compiler refused, most important first; nothing when it refused nothing.
pub fn errors(messages: &[super::Message], context: &Context<'_>) -> Vec<Diagnostic> {
    let findings = super::report::essential_errors(messages, context).0;
    findings.into_iter().map(|finding| Diagnostic::of(finding, Severity::Error)).collect()
}

/// Warnings of the newest cell that tell of likely mistakes.
pub fn doubts(messages: &[super::Message], context: &Context<'_>) -> Vec<Diagnostic> {
    let findings = super::report::telling_warnings(messages, context);
    findings.into_iter().map(|finding| Diagnostic::of(finding, Severity::Warning)).collect()
}
