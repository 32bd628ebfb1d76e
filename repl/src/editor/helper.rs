//! What the line editor asks of us: colours, hints, candidates, and whether a text is whole.

use super::state::{Asked, State};
use super::{EDIT, colors, menu};
use crate::theme::{Role, Theme};
use ironbook_assist::{Candidate, Completions};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers the line editor.
pub struct Answers {
    state: Arc<State>,
    painted: Mutex<Painted>,
}

/// A text with its colours, as it was painted last: one key asks for it more than once.
#[derive(Default)]
struct Painted {
    text: String,
    cursor: usize,
    /// Whether the text stays as it is, and the cursor no longer matters.
    done: bool,
    out: String,
}

impl Answers {
    /// Answers from this state.
    pub fn new(state: Arc<State>) -> Answers {
        Answers { state, painted: Mutex::default() }
    }

    /// The brackets at the cursor.
    fn partners(&self, text: &str, cursor: usize) -> Vec<usize> {
        let now = self.state.now();
        let bytes = text.as_bytes();
        let bracket = |at: usize| bytes.get(at).is_some_and(|byte| b"()[]{}".contains(byte));
        // Most keys stand at none, and then nothing needs to be read.
        if !bracket(cursor) && !cursor.checked_sub(1).is_some_and(bracket) {
            return Vec::new();
        }
        colors::of(text, cursor, &now.names, now.theme).partners(cursor)
    }
}

impl Helper for Answers {}

impl Validator for Answers {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let text = context.input();
        let asked = self.state.now().asked.as_ref().map(|(asked, ..)| *asked);
        Ok(match asked {
            // To say it would draw a text once more that is taller than the screen.
            Some(Asked::Interrupt) if !self.state.is_tall(text) => ValidationResult::Valid(Some("^C".to_owned())),
            Some(_) => ValidationResult::Valid(None),
            None if self.state.is_whole(text) => ValidationResult::Valid(None),
            None => ValidationResult::Incomplete,
        })
    }
}

impl Highlighter for Answers {
    fn highlight<'l>(&self, text: &'l str, cursor: usize) -> Cow<'l, str> {
        let mut painted = self.painted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.state.now();
        if now.theme == Theme::None {
            return Cow::Borrowed(text);
        }
        if painted.text != text || painted.cursor != cursor || painted.out.is_empty() {
            let colored = colors::of(text, cursor, &now.names, now.theme);
            let partners = if painted.done { Vec::new() } else { colored.partners(cursor) };
            painted.out = paint(text, &colored.roles, &partners, now.theme);
            painted.text = text.to_owned();
            painted.cursor = cursor;
        }
        Cow::Owned(painted.out.clone())
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, default: bool) -> Cow<'b, str> {
        let mut now = self.state.now();
        now.at_prompt = default;
        if default { Cow::Borrowed(prompt) } else { Cow::Owned(now.theme.paint(Role::About, prompt)) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        let now = self.state.now();
        // A list has its colours already.
        if hint.starts_with('\n') && now.menu.is_some() {
            return Cow::Borrowed(hint);
        }
        Cow::Owned(now.theme.paint(Role::Hint, hint))
    }

    fn highlight_char(&self, text: &str, cursor: usize, kind: CmdKind) -> bool {
        {
            let mut painted = self.painted.lock().unwrap_or_else(PoisonError::into_inner);
            let done = kind == CmdKind::ForcedRefresh;
            if painted.done != done {
                *painted = Painted { done, ..Painted::default() };
            }
        }
        let hinted = self.state.now().hinted;
        match kind {
            _ if self.state.is_tall(text) => false,
            CmdKind::MoveCursor => {
                // Behind a cursor that moves away, what stood there goes.
                self.state.now().hinted = false;
                hinted || !self.partners(text, cursor).is_empty()
            }
            CmdKind::Other => self.state.now().theme != Theme::None,
            CmdKind::ForcedRefresh => false,
        }
    }
}

/// The text with its colours.
fn paint(text: &str, roles: &[(Range<usize>, Role)], partners: &[usize], theme: Theme) -> String {
    let mut marks: Vec<(Range<usize>, Role)> = roles.to_vec();
    marks.extend(partners.iter().map(|at| (*at..at + 1, Role::Partner)));
    marks.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for (range, role) in marks {
        if range.start < at {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&theme.paint(role, &text[range.clone()]));
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What stands behind the text: what history suggests, or the list of candidates.
pub struct Behind {
    shown: String,
    put_in: Option<String>,
}

impl Hint for Behind {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.put_in.as_deref()
    }
}

impl Hinter for Answers {
    type Hint = Behind;

    fn hint(&self, text: &str, cursor: usize, _: &Context<'_>) -> Option<Behind> {
        let behind = self.behind(text, cursor);
        let mut now = self.state.now();
        now.hinted = behind.is_some();
        now.last.clear();
        now.last.push_str(text);
        drop(now);
        behind
    }
}

impl Answers {
    fn behind(&self, text: &str, cursor: usize) -> Option<Behind> {
        let (columns, rows) = self.state.screen();
        let room = rows.checked_sub(self.state.rows(text))?;
        let mut now = self.state.now();
        let theme = now.theme;
        if let Some((menu, of, at)) = &mut now.menu
            && of == text
            && *at == cursor
        {
            if room == 0 {
                return None;
            }
            let rows = menu.rows(columns - 1, room, theme);
            let shown = rows.iter().map(|row| format!("\n{}", row.text)).collect();
            return Some(Behind { shown, put_in: None });
        }
        now.menu = None;
        let browsing = now.browse.as_ref().is_some_and(|browse| browse.shown == text && browse.draft != text);
        let quiet = cursor < text.len() || browsing || !now.at_prompt;
        // Without colours nobody could tell it from what is typed.
        if quiet || theme == Theme::None {
            return None;
        }
        drop(now);
        let hint = self.state.history().hint(text)?.to_owned();
        let fits = |shown: &str| self.state.rows(&format!("{text}{shown}")) <= rows;
        let first = hint.lines().next().unwrap_or("");
        let shown = if fits(&hint) { hint.as_str() } else { first };
        let tabs = shown.chars().any(|c| c.is_control() && c != '\n');
        (fits(shown) && !shown.is_empty() && !tabs)
            .then(|| Behind { shown: shown.to_owned(), put_in: Some(hint.clone()) })
    }
}

impl Completer for Answers {
    type Candidate = String;

    /// What all candidates agree on is put in; if there are several, the list of them is shown behind the text.
    fn complete(&self, text: &str, at: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        if let Some((start, put_in)) = self.state.now().instead.take() {
            return Ok((start, vec![put_in]));
        }
        let mut found = self.state.words.complete(text, at);
        let start = found.range.start.min(at);
        let Some(typed) = text.get(start..at).map(str::to_owned) else { return Ok((at, Vec::new())) };
        if typed.starts_with('%') {
            add_own_magics(&mut found, &typed);
        }
        // Where an argument begins, the call says what it should be.
        let begins = typed.is_empty() && text[..at].trim_end().ends_with(['(', ',']);
        let call = if begins { self.state.words.call(text, at) } else { None };
        let agreed = agreed(&found.candidates, &typed).or_else(|| call.is_some().then(|| (String::new(), true)));
        let Some((put_in, listed)) = agreed else { return Ok((at, Vec::new())) };
        if listed {
            let of = format!("{}{put_in}{}", &text[..start], &text[at..]);
            let menu = menu::Menu::new(found.candidates, &put_in).within(call);
            self.state.now().menu = Some((menu, of, start + put_in.len()));
        }
        Ok((start, vec![put_in]))
    }
}

/// What all candidates agree on, and whether there are more than one.
fn agreed(candidates: &[Candidate], typed: &str) -> Option<(String, bool)> {
    // Others only resemble what was typed; they are listed, but have no say in what is put in.
    let texts = candidates.iter().map(|candidate| candidate.text.as_str());
    let begins: Vec<&str> = texts.filter(|text| text.starts_with(typed)).collect();
    match (begins.as_slice(), candidates) {
        (_, []) => None,
        ([only], _) => Some(((*only).to_owned(), false)),
        ([], [only]) => Some((only.text.clone(), false)),
        ([], _) => Some((typed.to_owned(), true)),
        (several, _) => Some((menu::common_prefix(several.iter().copied()).to_owned(), true)),
    }
}

/// Among the magics, those that the editor answers itself.
fn add_own_magics(found: &mut Completions, typed: &str) {
    if EDIT.starts_with(typed) && found.candidates.iter().all(|candidate| candidate.text != EDIT) {
        let summary = "Edit an earlier cell, or what was typed last, in your editor".to_owned();
        let edit = Candidate { text: EDIT.to_owned(), kind: "magic", summary, ..Candidate::default() };
        let at = found.candidates.iter().position(|candidate| candidate.text.as_str() > EDIT);
        found.candidates.insert(at.unwrap_or(found.candidates.len()), edit);
    }
}

#[cfg(test)]
mod tests {
    use super::super::menu::Step;
    use super::super::past::Past;
    use super::super::state::tests::state;
    use super::*;
    use crate::terminal::without_colors;

    struct Asking {
        answers: Answers,
        past: Past,
    }

    impl Asking {
        fn new(history: &[&str]) -> Asking {
            let state = state(history);
            Asking { answers: Answers::new(state.clone()), past: Past(state) }
        }

        fn tab(&self, text: &str) -> (usize, Vec<String>) {
            self.answers.complete(text, text.len(), &Context::new(&self.past)).expect("no error")
        }

        fn hint(&self, text: &str) -> Option<Behind> {
            self.answers.hint(text, text.len(), &Context::new(&self.past))
        }
    }

    #[test]
    fn colours_leave_the_text_as_it_is() {
        let asking = Asking::new(&[]);
        let painted = asking.answers.highlight("let s = alpha(1);", 14);
        assert_eq!(without_colors(&painted), "let s = alpha(1);");
        assert!(painted.contains("\x1b["), "{painted:?}");
        assert_ne!(painted, asking.answers.highlight("let s = alpha(1);", 2), "brackets at the cursor are marked");
        asking.answers.state.now().theme = Theme::None;
        assert_eq!(asking.answers.highlight("let s = 1;", 0), "let s = 1;");
    }

    #[test]
    fn a_cell_that_is_entered_has_no_marks_of_the_cursor() {
        let asking = Asking::new(&[]);
        let typing = asking.answers.highlight("(1)", 3).into_owned();
        asking.answers.highlight_char("(1)", 3, CmdKind::ForcedRefresh);
        assert_ne!(asking.answers.highlight("(1)", 3), typing);
    }

    #[test]
    fn tab_puts_in_what_all_agree_on_and_lists_the_rest() {
        let asking = Asking::new(&[]);
        assert_eq!(asking.tab("x + be"), (4, vec!["beta".to_owned()]));
        assert!(asking.hint("x + beta").is_none());
        assert_eq!(asking.tab("x + al"), (4, vec!["alpha".to_owned()]));
        let list = asking.hint("x + alpha").expect("a list");
        assert_eq!(without_colors(list.display()).lines().nth(2), Some("  alphabet  i32  A word."));
        assert_eq!(list.completion(), None);
        assert!(asking.hint("x + alphab").is_none(), "the list goes with the next key");
        assert_eq!(asking.tab("zzz").1, Vec::<String>::new());
        assert_eq!(asking.tab("alpha(").1, [""]);
        let list = asking.hint("alpha(").expect("the call and what there is");
        assert_eq!(without_colors(list.display()).lines().nth(1), Some("  fn alpha(a: i32)"));
        assert_eq!(asking.tab("%e").1, ["%edit"]);
    }

    #[test]
    fn tab_goes_through_the_list_and_other_keys_take_or_leave_what_is_chosen() {
        let asking = Asking::new(&[]);
        let state = &asking.answers.state;
        let choose = |step, text: &str| {
            state.now().instead = state.choose(step, text, text.len());
            asking.tab(text)
        };
        assert_eq!(asking.tab("x + al"), (4, vec!["alpha".to_owned()]));
        assert_eq!(state.menu_at("x + alpha", 9), Some(false));
        assert_eq!(choose(Step::Back, "x + alpha"), (4, vec!["alphabet".to_owned()]));
        assert_eq!(state.menu_at("x + alphabet", 12), Some(true));
        let list = asking.hint("x + alphabet").expect("the list stays");
        assert_eq!(without_colors(list.display()), "\n  alpha     i32  A word.\n> alphabet  i32  A word.");
        assert_eq!(choose(Step::Next, "x + alphabet"), (4, vec!["alpha".to_owned()]));
        assert!(asking.hint("x + alpha.").is_none());
        assert_eq!(state.menu_at("x + alpha", 9), None, "the list went with another key");
    }

    #[test]
    fn history_suggests_how_a_text_goes_on() {
        let asking = Asking::new(&["let a = [\n    1,\n];"]);
        let hint = asking.hint("let a").expect("a hint");
        assert_eq!(hint.completion(), Some(" = [\n    1,\n];"));
        assert!(asking.answers.hint("let a", 2, &Context::new(&asking.past)).is_none(), "only at the end");
        asking.answers.state.now().screen = Some((80, 2));
        assert_eq!(asking.hint("let a").expect("a hint").display(), " = [", "a screen of two rows has no room for all");
    }

    #[test]
    fn a_text_taller_than_the_screen_is_drawn_once() {
        let asking = Asking::new(&["\n\n\n\n\n\n\nx"]);
        asking.answers.state.now().screen = Some((80, 4));
        assert!(asking.hint("\n\n\n\n\n").is_none());
        assert!(!asking.answers.highlight_char("\n\n\n\n\n", 2, CmdKind::Other));
    }
}
