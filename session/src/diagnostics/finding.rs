//! A compiler message as the user should read it: its labels in cells, its notes and helps, without generated code.

use super::diagnostic::Fix;
use super::message::{Level, Message, Span};
use super::place::{Spot, calls, glues, spot};
use super::threads::{self, Held};
use super::{Context, suggestion, words};
use crate::map::{Glue, Origin, Place};

/// A message over the user's cells.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Whether it is an error (else a warning).
    pub error: bool,
    /// `E0308`, or a lint's name.
    pub code: Option<String>,
    /// Its text.
    pub message: String,
    /// What it points at, the main place first.
    pub labels: Vec<Label>,
    /// Notes and helps, in order.
    pub remarks: Vec<(Remark, String)>,
    /// The glue at fault, when nothing of it lies in a cell.
    pub glue: Option<Glue>,
    /// Further places with the same error.
    pub again: Vec<Place>,
    /// What the compiler would write instead.
    pub fixes: Vec<Fix>,
}

/// A place in a cell with what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The place.
    pub place: Place,
    /// What is said.
    pub text: String,
    /// How it is drawn.
    pub role: Role,
}

/// What a label is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Where the fault is.
    Primary,
    /// What contributes to it.
    Secondary,
    /// Where a note or help points.
    Aside,
}

/// Kinds of remarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// Explains.
    Note,
    /// Says what to do.
    Help,
}

impl Remark {
    /// The word before it.
    pub fn word(self) -> &'static str {
        match self {
            Remark::Note => "note",
            Remark::Help => "help",
        }
    }
}

impl Finding {
    /// Reads a message.
    pub fn new(message: &Message, context: &Context<'_>) -> Self {
        let mut finding = Finding {
            error: message.is_error(),
            code: message.code().map(str::to_owned),
            message: words::tidy(&message.message),
            labels: Vec::new(),
            remarks: Vec::new(),
            glue: None,
            again: Vec::new(),
            fixes: suggestion::fixes(message, context),
        };
        finding.read_spans(message, context);
        finding.leave_closure(message, context);
        for child in &message.children {
            finding.read_child(child, context);
        }
        if finding.labels.is_empty() || finding.code.is_none() && of_glue(message, context).is_some() {
            finding.at_glue(message, context);
        }
        finding.at_threads(message, context);
        finding.labels.sort_by_key(|label| label.role != Role::Primary);
        finding.drop_repeated_remarks();
        finding.add_remarks(message, context);
        finding
    }

    /// Where it is.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }

    fn read_spans(&mut self, message: &Message, context: &Context<'_>) {
        let at_glue = |span: &Span| spot(span, context) == Spot::Glue(Glue::Plain);
        let wrapped = message.spans.iter().any(at_glue);
        let primary_wrapped = message.spans.iter().any(|span| span.is_primary && at_glue(span));
        for span in &message.spans {
            let Spot::Cell(place) = spot(span, context) else { continue };
            let label = span.label.as_deref().filter(|label| !words::of_engine(label)).unwrap_or_default();
            let in_closure = wrapped && label.contains(" due to use");
            let text = if wrapped { words::without_closure(label) } else { label.to_owned() };
            let role = if span.is_primary || in_closure && primary_wrapped { Role::Primary } else { Role::Secondary };
            if role == Role::Primary || !text.is_empty() {
                self.label(place.clone(), &text, role);
            }
            for (call, name) in calls(span, context) {
                let outside = call.execution != place.execution
                    || call.range.start > place.range.start
                    || call.range.end < place.range.end;
                if outside {
                    self.label(call, &format!("in this call of `{name}`"), Role::Secondary);
                }
            }
        }
    }

    /// `break` outside of a loop: that the engine runs the cell in a closure is nobody's concern.
    fn leave_closure(&mut self, message: &Message, context: &Context<'_>) {
        let outer = |span: &Span| !span.is_primary && matches!(spot(span, context), Spot::Glue(_));
        if self.code.as_deref() == Some("E0267") && message.spans.iter().any(outer) {
            self.code = Some("E0268".to_owned());
            self.message = self.message.replace("inside of a closure", "outside of a loop or labeled block");
            self.message = self.message.replace("inside `async` block", "outside of a loop or labeled block");
            for label in &mut self.labels {
                label.text = label.text.replace("inside of a closure", "outside of a loop or labeled block");
            }
        }
    }

    fn read_child(&mut self, child: &Message, context: &Context<'_>) {
        let remark = match child.level {
            Level::Help => Remark::Help,
            Level::Note => Remark::Note,
            _ => return,
        };
        if words::is_noise(&child.message) || words::of_engine(&child.message) {
            return;
        }
        if child.spans.iter().any(|span| span.suggested_replacement.is_some()) {
            self.remarks.extend(suggestion::suggestion(child, context).map(|text| (remark, text)));
            return;
        }
        let mut shown = false;
        for span in &child.spans {
            let text = match &span.label {
                Some(label) => label.as_str(),
                None if span.is_primary && !shown => child.message.as_str(),
                None => continue,
            };
            if let Spot::Cell(place) = spot(span, context)
                && !words::of_engine(text)
            {
                shown |= text == child.message;
                self.label(place, text, Role::Aside);
            }
        }
        let of_engine = remark == Remark::Note && only_points_at_glue(child, context);
        if !shown && !of_engine {
            let missing = child.message.strip_prefix("you might be missing a crate named ").and_then(words::quoted);
            let text = missing.map(|name| format!("if `{name}` is a crate, add it: `%dep {name}`"));
            self.remarks.push((remark, text.unwrap_or_else(|| words::tidy(&child.message))));
        }
    }

    /// Helps for what a cell asks of code beyond what a function body asks.
    fn add_remarks(&mut self, message: &Message, context: &Context<'_>) {
        if self.message.starts_with("`?` couldn't convert the error") {
            let help = "implement `Display` for the error, or make it text: `.map_err(|e| format!(\"{e:?}\"))?`";
            self.remarks.push((Remark::Help, help.to_owned()));
        }
        let borrows = matches!(
            self.code.as_deref(),
            Some("E0373" | "E0499" | "E0502" | "E0505" | "E0506" | "E0515" | "E0521" | "E0597" | "E0716")
        );
        let put = glues(message, context.map).find_map(|(_, glue)| match glue {
            Glue::Put(tag) => Some(words::variable(tag)),
            _ => None,
        });
        if let Some(name) = put.filter(|_| borrows && self.glue.is_none()) {
            let help = format!(
                "`{name}` is kept after the cell, so it cannot borrow: clone it, or end its use in a block `{{ .. }}`"
            );
            self.remarks.push((Remark::Help, help));
        }
    }

    /// Notes and helps that say again what a label says.
    fn drop_repeated_remarks(&mut self) {
        let labels: Vec<&str> = self.labels.iter().map(|label| label.text.as_str()).collect();
        let explained = labels.iter().any(|text| !text.is_empty());
        let helps = self.remarks.iter().any(|(_, text)| text.starts_with("consider annotating"));
        self.remarks.retain(|(_, text)| {
            let names: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|name| !name.starts_with('{')).collect();
            let known = !names.is_empty()
                && labels.iter().any(|label| names.iter().all(|name| label.contains(&format!("`{name}`"))));
            let types = text.starts_with("expected ") && text.contains(" found ");
            let lacking = text.starts_with("the trait `") && text.contains("` is not implemented for `");
            let nothing = text.ends_with(" defined here") || text.starts_with("the following") && !text.contains('\n');
            let derive = text.starts_with("add `#[derive(") && helps;
            !(types && known || lacking && explained || derive || nothing)
        });
    }

    fn label(&mut self, place: Place, text: &str, role: Role) {
        let text = words::tidy(text);
        if !self.labels.iter().any(|label| label.place == place && (label.text == text || text.is_empty())) {
            self.labels.push(Label { place, text, role });
        }
    }

    /// Points at the variable that threads cannot share, instead of at all that a magic runs in them.
    fn at_threads(&mut self, message: &Message, context: &Context<'_>) {
        let Some(Held { name, place }) = threads::held(message, context) else { return };
        let text = format!("used by several threads here: {}", self.message);
        self.message = format!("`{name}` can be used by one thread only, and this runs in several");
        self.labels.clear();
        self.labels.push(Label { place, text, role: Role::Primary });
        let help = format!(
            "take what is needed out of `{name}` in a cell before, or make it of what threads can share: `Arc` for `Rc`, `Mutex` or an \
             atomic number for `RefCell` and `Cell`"
        );
        self.remarks = vec![(Remark::Help, help)];
    }

    /// Puts an error that lies in glue into the user's terms.
    fn at_glue(&mut self, message: &Message, context: &Context<'_>) {
        let Some((span, glue)) = of_glue(message, context) else { return };
        if self.code.is_none()
            && let Some(place) = end_before(span.byte_start, context)
        {
            // The parser ran out of the cell into what follows it.
            if let Some(cut) = self.message.find(", found `") {
                self.message.truncate(cut);
                self.message.push_str(", found the end of the cell");
            } else if self.message.contains("closing delimiter") || self.message.contains("unclosed delimiter") {
                self.message = "the cell ends before its brackets are closed".to_owned();
            }
            self.labels.insert(0, Label { place, text: "the cell ends here".to_owned(), role: Role::Primary });
            return;
        }
        if !self.labels.is_empty() {
            return;
        }
        self.message = match &glue {
            Glue::Plain => self.message.clone(),
            Glue::Take(tag) => format!("the variable `{}` cannot be used: {}", words::variable(tag), self.message),
            Glue::Put(tag) => format!("the variable `{}` cannot be kept: {}", words::variable(tag), self.message),
            Glue::Show => format!("the cell's value cannot be shown: {}", self.message),
        };
        self.glue = Some(glue);
    }
}

fn of_glue<'m>(message: &'m Message, context: &Context<'_>) -> Option<(&'m Span, Glue)> {
    message.spans.iter().filter(|span| span.is_primary).find_map(|span| match spot(span, context) {
        Spot::Glue(glue) => Some((span, glue)),
        _ => None,
    })
}

fn only_points_at_glue(child: &Message, context: &Context<'_>) -> bool {
    !child.spans.is_empty() && child.spans.iter().all(|span| matches!(spot(span, context), Spot::Glue(_)))
}

/// The end of the cell's text that comes before a byte of glue.
fn end_before(byte: usize, context: &Context<'_>) -> Option<Place> {
    let segments = &context.map.segments;
    let after = segments.partition_point(|segment| segment.generated.start <= byte);
    let cell = segments[..after].iter().rev().find(|segment| matches!(segment.origin, Origin::Cell { .. }))?;
    let text = context.generated.get(cell.generated.clone())?;
    let end = cell.generated.start + text.trim_end().len();
    let start = context.generated[..end].char_indices().next_back().map_or(end, |(at, _)| at);
    context.map.place(start.max(cell.generated.start)..end)
}
