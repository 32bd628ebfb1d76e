//! What each key does, in commands of the line editor.

use super::action::Action;
use super::enter::{self, Enter};
use super::keymap::Keymap;
use super::menu::Step;
use super::state::{Asked, State};
use rustyline::{
    Anchor, At, Cmd, ConditionalEventHandler, EditMode, Event, EventContext, EventHandler, InputMode, KeyCode,
    KeyEvent, Modifiers, Movement, RepeatCount, Word,
};
use std::sync::Arc;

/// Gives each key its meaning.
pub fn bind(keymap: &Keymap, state: &Arc<State>, mut to: impl FnMut(Event, EventHandler)) {
    let mut handler =
        |event, does| to(event, EventHandler::Conditional(Box::new(Press { does, state: state.clone() })));
    for (keys, action) in keymap.bindings() {
        handler(Event::KeySeq(keys.to_vec()), Does::Action(action));
    }
    for bracket in [')', ']', '}'] {
        handler(KeyEvent::from(bracket).into(), Does::Close(bracket));
    }
    handler(Event::Any, Does::Other);
}

/// What a key means.
#[derive(Clone, Copy, Debug)]
enum Does {
    Action(Action),
    /// A closing bracket.
    Close(char),
    /// What the line editor says.
    Other,
}

struct Press {
    does: Does,
    state: Arc<State>,
}

/// The text and the cursor when a key is pressed.
#[derive(Clone, Copy, Debug)]
struct Here<'a> {
    text: &'a str,
    at: usize,
    /// What could be put in at the end.
    hint: Option<&'a str>,
    /// Whether keys are vi's commands.
    commands: bool,
    repeat: RepeatCount,
}

impl Here<'_> {
    fn at_end(&self) -> bool {
        self.at == self.text.len()
    }
}

impl ConditionalEventHandler for Press {
    fn handle(&self, event: &Event, repeat: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let commands = context.mode() == EditMode::Vi && context.input_mode() == InputMode::Command;
        let here = Here { text: context.line(), at: context.pos(), hint: context.hint_text(), commands, repeat };
        let key = event.get(0).copied();
        if self.is_late_answer(key) {
            return Some(Cmd::Noop);
        }
        let does = match (self.does, key) {
            (Does::Other, Some(KeyEvent(KeyCode::Char(c), Modifiers::NONE))) if commands && repeat == 1 => match c {
                'k' => Does::Action(Action::Up),
                'j' => Does::Action(Action::Down),
                'v' => Does::Action(Action::EditInEditor),
                _ => Does::Other,
            },
            (does, _) => does,
        };
        if self.state.is_tall(here.text) && self.state.now().at_prompt {
            return self.in_tall(does, here);
        }
        match self.in_menu(does, key, here) {
            Some(cmd) => Some(cmd),
            None => self.does(does, here),
        }
    }
}

impl Press {
    fn does(&self, does: Does, here: Here<'_>) -> Option<Cmd> {
        match does {
            Does::Action(action) => self.act(action, here),
            Does::Close(bracket) if !here.commands && self.state.now().at_prompt => {
                let (blanks, text) = enter::closing(here.text, here.at, bracket)?;
                Some(self.instead(here.at - blanks, text))
            }
            Does::Close(_) | Does::Other => None,
        }
    }

    /// What a key means while a list of candidates stands behind the text; `None`: what it always means.
    fn in_menu(&self, does: Does, key: Option<KeyEvent>, here: Here<'_>) -> Option<Cmd> {
        let has_chosen = self.state.menu_at(here.text, here.at)?;
        let step = match does {
            Does::Action(Action::Complete | Action::Down) => Step::Next,
            Does::Action(Action::Dedent | Action::Up) => Step::Back,
            Does::Action(Action::NewerCell) => Step::PageDown,
            Does::Action(Action::OlderCell) => Step::PageUp,
            Does::Action(Action::Enter) if has_chosen => return Some(self.close_menu(here)),
            Does::Action(Action::Cancel) => Step::Out,
            Does::Other if key == Some(KeyEvent(KeyCode::Esc, Modifiers::NONE)) => Step::Out,
            _ => return None,
        };
        let (start, text) = self.state.choose(step, here.text, here.at)?;
        if step == Step::Out {
            self.state.now().menu = None;
        }
        Some(self.instead(start, text))
    }

    /// Keeps what is chosen.
    fn close_menu(&self, here: Here<'_>) -> Cmd {
        self.state.now().menu = None;
        self.instead(here.at, String::new())
    }

    /// Ends the reading of the line.
    fn ask(&self, asked: Asked, text: &str, at: usize) -> Cmd {
        self.state.now().asked = Some((asked, text.to_owned(), at));
        Cmd::AcceptLine
    }

    /// In a text that is taller than the screen the line editor can only leave the cursor where it is.
    fn in_tall(&self, does: Does, here: Here<'_>) -> Option<Cmd> {
        let Does::Action(action) = does else { return Some(self.ask(Asked::TooTall, here.text, here.at)) };
        match action {
            Action::Up | Action::OlderCell => Some(self.older(here)),
            Action::Down | Action::NewerCell => Some(self.newer(here)),
            Action::Enter => match enter::enter(here.text, here.at, |text| self.state.is_whole(text)) {
                Enter::Run => Some(Cmd::AcceptLine),
                Enter::Newline(_) => Some(self.ask(Asked::TooTall, here.text, here.at)),
            },
            Action::Run
            | Action::Interrupt
            | Action::Suspend
            | Action::EditInEditor
            | Action::Undo
            | Action::Search
            | Action::Nothing => self.act(action, here),
            _ => Some(self.ask(Asked::TooTall, here.text, here.at)),
        }
    }

    /// Puts a text in the place of what stands before the cursor: only candidates can do that, without a trace in what was cut.
    fn instead(&self, start: usize, text: String) -> Cmd {
        self.state.now().instead = Some((start, text));
        Cmd::Complete
    }

    fn older(&self, here: Here<'_>) -> Cmd {
        self.state.browse_from(here.text, here.at);
        Cmd::PreviousHistory
    }

    fn newer(&self, here: Here<'_>) -> Cmd {
        self.state.browse_from(here.text, here.at);
        Cmd::NextHistory
    }

    fn act(&self, action: Action, here: Here<'_>) -> Option<Cmd> {
        let n = here.repeat;
        Some(match action {
            // As in IPython: the first Enter takes what was found, the next one runs it.
            Action::Enter if !self.state.now().at_prompt => Cmd::Move(Movement::EndOfBuffer),
            Action::Enter => match enter::enter(here.text, here.at, |text| self.state.is_whole(text)) {
                Enter::Run if here.text.trim().is_empty() => Cmd::AcceptLine,
                Enter::Run => Cmd::AcceptOrInsertLine { accept_in_the_middle: true },
                Enter::Newline(blanks) => self.newline(&blanks, here),
            },
            Action::Run => Cmd::AcceptLine,
            Action::Newline => self.newline(&enter::newline(here.text, here.at), here),
            Action::Interrupt => self.ask(Asked::Interrupt, here.text, here.at),
            Action::Eof if here.text.is_empty() => Cmd::EndOfFile,
            Action::Suspend => self.ask(Asked::Suspend, here.text, here.at),
            Action::EditInEditor => self.ask(Asked::Edit, here.text, here.at),
            Action::ClearScreen => Cmd::ClearScreen,
            Action::Up | Action::Down => {
                self.state.browse_from(here.text, here.at);
                if action == Action::Up { Cmd::LineUpOrPreviousHistory(1) } else { Cmd::LineDownOrNextHistory(1) }
            }
            Action::OlderCell => self.older(here),
            Action::NewerCell => self.newer(here),
            Action::Search => Cmd::ReverseSearchHistory,
            Action::SearchForward => Cmd::ForwardSearchHistory,
            Action::Cancel => Cmd::Abort,
            // In vi's command mode the rest is vi's.
            _ if here.commands => return None,
            Action::Backspace if self.state.now().at_prompt && enter::backspace(here.text, here.at) > 1 => {
                self.instead(here.at - enter::backspace(here.text, here.at), String::new())
            }
            action => return edit(action, here, n),
        })
    }

    /// Puts in a new line; where the screen has no room for it, the text goes to the user's editor.
    fn newline(&self, blanks: &str, here: Here<'_>) -> Cmd {
        let (before, after) = here.text.split_at(here.at);
        let text = format!("{before}{blanks}{after}");
        if self.state.is_tall(&text) {
            return self.ask(Asked::TooTall, &text, here.at + blanks.len());
        }
        Cmd::Insert(1, blanks.to_owned())
    }

    /// Takes in what belongs to an answer of the terminal that comes after it was waited for.
    fn is_late_answer(&self, key: Option<KeyEvent>) -> bool {
        let mut now = self.state.now();
        let Some(KeyEvent(code, held)) = key.filter(|_| now.owed) else { return false };
        let Some(late) = &mut now.late else {
            let begin = match (code, held) {
                (KeyCode::Char(']'), Modifiers::ALT) => "]",
                (KeyCode::UnknownEscSeq, _) => "[?",
                _ => return false,
            };
            now.late = Some(begin.to_owned());
            return true;
        };
        let colour = late.starts_with(']');
        let ends = match (code, held) {
            (KeyCode::Char('\\'), Modifiers::ALT) | (KeyCode::Char('G'), Modifiers::CTRL) => colour,
            (KeyCode::Char(c), Modifiers::NONE) => {
                late.push(c);
                (!colour && c == 'c') || late.len() > 40
            }
            _ => true,
        };
        if ends && let Some(late) = now.late.take() {
            now.owed = colour;
            now.answers.push(late);
        }
        true
    }
}

/// Actions that only move or change text.
fn edit(action: Action, here: Here<'_>, n: RepeatCount) -> Option<Cmd> {
    let hint = here.hint.filter(|_| here.at_end());
    let word_left = |word| Movement::BackwardWord(n, word);
    let word_right = Movement::ForwardWord(n, At::AfterEnd, Word::Emacs);
    Some(match action {
        Action::Complete => match enter::tab(here.text, here.at) {
            Some(blanks) => Cmd::Insert(1, blanks),
            None => Cmd::Complete,
        },
        Action::Dedent => Cmd::Dedent(Movement::WholeLine),
        Action::Right | Action::LineEnd | Action::TextEnd | Action::TakeHint if hint.is_some() => Cmd::CompleteHint,
        Action::WordRight | Action::TakeHintWord if hint.is_some() => Cmd::Insert(1, first_word(hint?).to_owned()),
        Action::Left => Cmd::Move(Movement::BackwardChar(n)),
        Action::Right => Cmd::Move(Movement::ForwardChar(n)),
        Action::WordLeft => Cmd::Move(word_left(Word::Emacs)),
        Action::WordRight => Cmd::Move(word_right),
        Action::LineStart => Cmd::Move(Movement::BeginningOfLine),
        Action::LineEnd => Cmd::Move(Movement::EndOfLine),
        Action::TextStart => Cmd::Move(Movement::BeginningOfBuffer),
        Action::TextEnd => Cmd::Move(Movement::EndOfBuffer),
        Action::Backspace => Cmd::Kill(Movement::BackwardChar(n)),
        Action::Delete | Action::Eof => Cmd::Kill(Movement::ForwardChar(n)),
        Action::KillLineEnd => Cmd::Kill(Movement::EndOfLine),
        Action::KillLineStart => Cmd::Kill(Movement::BeginningOfLine),
        Action::KillWordLeft => Cmd::Kill(word_left(Word::Emacs)),
        Action::KillBlankWordLeft => Cmd::Kill(word_left(Word::Big)),
        Action::KillWordRight => Cmd::Kill(word_right),
        Action::Yank => Cmd::Yank(n, Anchor::Before),
        Action::YankPop => Cmd::YankPop,
        Action::Undo => Cmd::Undo(n),
        Action::Transpose => Cmd::TransposeChars,
        Action::Upcase => Cmd::UpcaseWord,
        Action::Downcase => Cmd::DowncaseWord,
        Action::Capitalize => Cmd::CapitalizeWord,
        Action::QuotedInsert => Cmd::QuotedInsert,
        Action::TakeHint | Action::TakeHintWord | Action::Nothing => Cmd::Noop,
        _ => return None,
    })
}

/// The first word of a text, with what stands before it.
fn first_word(text: &str) -> &str {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let skipped = text.len() - text.trim_start_matches(|c| !is_word(c)).len();
    let end = text[skipped..].find(|c| !is_word(c)).map_or(text.len(), |at| skipped + at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::super::menu::Menu;
    use super::super::state::tests::state;
    use super::*;
    use ironbook_assist::Candidate;

    fn press(text: &str) -> (Press, Here<'_>) {
        let here = Here { text, at: text.len(), hint: None, commands: false, repeat: 1 };
        (Press { does: Does::Other, state: state(&["older"]) }, here)
    }

    #[test]
    fn enter_runs_a_whole_cell_and_else_begins_a_line() {
        let (whole, here) = press("1 + 1");
        assert_eq!(whole.act(Action::Enter, here), Some(Cmd::AcceptOrInsertLine { accept_in_the_middle: true }));
        let (half, here) = press("fn f() {");
        assert_eq!(half.act(Action::Enter, here), Some(Cmd::Insert(1, "\n    ".to_owned())));
        assert_eq!(half.act(Action::Run, here), Some(Cmd::AcceptLine));
    }

    #[test]
    fn blanks_before_a_closing_bracket_or_backspace_go_together() {
        let (press, here) = press("fn f() {\n    ");
        let close = Press { does: Does::Close('}'), ..press };
        assert_eq!(close.does(close.does, here), Some(Cmd::Complete));
        assert_eq!(close.state.now().instead.take(), Some((9, "}".to_owned())));
        assert_eq!(close.act(Action::Backspace, here), Some(Cmd::Complete));
        assert_eq!(close.state.now().instead.take(), Some((9, String::new())));
        close.state.now().at_prompt = false;
        assert_eq!(close.does(close.does, here), None, "in a search it is searched for");
    }

    #[test]
    fn enter_in_a_search_takes_what_was_found() {
        let (press, here) = press("fn f() {");
        press.state.now().at_prompt = false;
        assert_eq!(press.act(Action::Enter, here), Some(Cmd::Move(Movement::EndOfBuffer)));
    }

    #[test]
    fn a_cell_that_fills_the_screen_goes_to_an_editor() {
        let text = format!("fn f() {{{}", "\n".repeat(23));
        let (press, here) = press(&text);
        assert_eq!(press.act(Action::Enter, here), Some(Cmd::AcceptLine));
        let asked = press.state.now().asked.clone();
        assert!(matches!(asked, Some((Asked::TooTall, grown, _)) if grown.len() > text.len()));
    }

    #[test]
    fn in_a_cell_taller_than_the_screen_only_what_is_safe_is_done() {
        let text = "\n".repeat(40) + "1";
        let (press, here) = press(&text);
        assert_eq!(press.in_tall(Does::Action(Action::Enter), here), Some(Cmd::AcceptLine));
        assert!(press.state.now().asked.is_none());
        assert_eq!(press.in_tall(Does::Action(Action::Up), here), Some(Cmd::PreviousHistory));
        assert_eq!(press.in_tall(Does::Action(Action::Left), here), Some(Cmd::AcceptLine));
        assert!(matches!(press.state.now().asked, Some((Asked::TooTall, ..))));
    }

    /// What a key does where Tab has chosen the first of a list: the command, what is put in, whether the list stays.
    fn behind_a_list(does: Does, key: KeyCode) -> (Option<Cmd>, Option<(usize, String)>, bool) {
        let (press, here) = press("al");
        let all = ["alpha", "alphabet"].map(|text| Candidate { text: text.to_owned(), ..Candidate::default() });
        press.state.now().menu = Some((Menu::new(all.to_vec(), "al"), "al".to_owned(), 2));
        let tab = press.in_menu(Does::Action(Action::Complete), None, here);
        assert_eq!((tab, press.state.now().instead.take()), (Some(Cmd::Complete), Some((0, "alpha".to_owned()))));
        let here = Here { text: "alpha", at: 5, ..here };
        let cmd = press.in_menu(does, Some(KeyEvent(key, Modifiers::NONE)), here);
        let instead = press.state.now().instead.take();
        let stays = press.state.now().menu.is_some();
        (cmd, instead, stays)
    }

    #[test]
    fn a_list_is_gone_through_taken_or_left() {
        let put_in = |start, text: &str| Some((start, text.to_owned()));
        for next in [Action::Complete, Action::Down] {
            let went = behind_a_list(Does::Action(next), KeyCode::Null);
            assert_eq!(went, (Some(Cmd::Complete), put_in(0, "alphabet"), true));
        }
        for back in [Action::Dedent, Action::Up] {
            let went = behind_a_list(Does::Action(back), KeyCode::Null);
            assert_eq!(went, (Some(Cmd::Complete), put_in(0, "al"), true));
        }
        let taken = behind_a_list(Does::Action(Action::Enter), KeyCode::Enter);
        assert_eq!(taken, (Some(Cmd::Complete), put_in(5, ""), false));
        for (does, key) in [(Does::Other, KeyCode::Esc), (Does::Action(Action::Cancel), KeyCode::Null)] {
            assert_eq!(behind_a_list(does, key), (Some(Cmd::Complete), put_in(0, "al"), false));
        }
        assert_eq!(behind_a_list(Does::Action(Action::Left), KeyCode::Left), (None, None, true));
    }

    #[test]
    fn hints_are_taken_whole_or_by_words() {
        let (_, here) = press("let a");
        let here = Here { hint: Some(" = fit(x);"), ..here };
        assert_eq!(edit(Action::Right, here, 1), Some(Cmd::CompleteHint));
        assert_eq!(edit(Action::WordRight, here, 1), Some(Cmd::Insert(1, " = fit".to_owned())));
        let within = Here { at: 1, ..here };
        assert_eq!(edit(Action::Right, within, 1), Some(Cmd::Move(Movement::ForwardChar(1))));
    }

    #[test]
    fn vi_keeps_its_commands() {
        let (press, here) = press("let a");
        let here = Here { commands: true, ..here };
        assert_eq!(press.act(Action::Backspace, here), None);
        assert_eq!(press.act(Action::Interrupt, here), Some(Cmd::AcceptLine));
    }

    #[test]
    fn a_late_answer_is_not_typed() {
        let (press, _) = press("");
        press.state.now().owed = true;
        let alt = |c| Some(KeyEvent::alt(c));
        assert!(press.is_late_answer(alt(']')));
        assert!("11;rgb:0/0/0".chars().all(|c| press.is_late_answer(Some(c.into()))));
        assert!(press.is_late_answer(alt('\\')));
        assert!(!press.is_late_answer(Some('a'.into())));
        assert!(press.is_late_answer(Some(KeyEvent(KeyCode::UnknownEscSeq, Modifiers::NONE))));
        assert!("62;4c".chars().all(|c| press.is_late_answer(Some(c.into()))));
        assert!(!press.is_late_answer(alt(']')), "nothing more is owed");
        assert_eq!(press.state.now().answers, ["]11;rgb:0/0/0", "[?62;4c"]);
    }
}
