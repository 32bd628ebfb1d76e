//! What keys do, by names that the configuration can use.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each has its words in the table below")]
pub enum Action {
    Enter,
    Run,
    Newline,
    Interrupt,
    Eof,
    Suspend,
    ClearScreen,
    EditInEditor,
    Complete,
    Dedent,
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    Up,
    Down,
    OlderCell,
    NewerCell,
    Search,
    SearchForward,
    TakeHint,
    TakeHintWord,
    Backspace,
    Delete,
    KillLineEnd,
    KillLineStart,
    KillWordLeft,
    KillBlankWordLeft,
    KillWordRight,
    Yank,
    YankPop,
    Undo,
    Transpose,
    Upcase,
    Downcase,
    Capitalize,
    Cancel,
    QuotedInsert,
    Nothing,
}

/// All actions, their names, and what they do.
pub const ACTIONS: &[(Action, &str, &str)] = &[
    (Action::Enter, "enter", "run a whole cell; else go to a new line, indented"),
    (Action::Run, "run", "run the cell as it is, wherever the cursor stands"),
    (Action::Newline, "newline", "a new line, indented, also in a whole cell"),
    (Action::Interrupt, "interrupt", "drop what was typed"),
    (Action::Eof, "eof", "quit when nothing is typed; else delete the character at the cursor"),
    (Action::Suspend, "suspend", "back to the shell; `fg` returns here"),
    (Action::ClearScreen, "clear-screen", "clear the screen"),
    (Action::EditInEditor, "edit-in-editor", "edit the cell in $VISUAL or $EDITOR"),
    (
        Action::Complete,
        "complete",
        "complete as far as all agree, and list the rest; in the list: to the next (enter takes it, esc leaves); at the \
         beginning of a line: indent",
    ),
    (Action::Dedent, "dedent", "take a level of indentation from the line"),
    (Action::Left, "left", "one character left"),
    (Action::Right, "right", "one character right; at the end: take what history suggests"),
    (Action::WordLeft, "word-left", "one word left"),
    (Action::WordRight, "word-right", "one word right; at the end: take one word of what history suggests"),
    (Action::LineStart, "line-start", "to the beginning of the line"),
    (Action::LineEnd, "line-end", "to the end of the line; at the end: take what history suggests"),
    (Action::TextStart, "text-start", "to the beginning of the cell"),
    (Action::TextEnd, "text-end", "to the end of the cell"),
    (Action::Up, "up", "one line up; in the first: the cell before that begins like this"),
    (Action::Down, "down", "one line down; in the last: the cell after"),
    (Action::OlderCell, "older-cell", "the cell before that begins like this"),
    (Action::NewerCell, "newer-cell", "the cell after"),
    (Action::Search, "search", "search the history; again: further back"),
    (Action::SearchForward, "search-forward", "in a search: back towards now"),
    (Action::TakeHint, "take-hint", "take what history suggests"),
    (Action::TakeHintWord, "take-hint-word", "take one word of what history suggests"),
    (Action::Backspace, "backspace", "delete the character before the cursor, or a level of indentation"),
    (Action::Delete, "delete", "delete the character at the cursor"),
    (Action::KillLineEnd, "kill-line-end", "cut to the end of the line"),
    (Action::KillLineStart, "kill-line-start", "cut to the beginning of the line"),
    (Action::KillWordLeft, "kill-word-left", "cut the word before the cursor"),
    (Action::KillBlankWordLeft, "kill-blank-word-left", "cut back to a blank"),
    (Action::KillWordRight, "kill-word-right", "cut the word behind the cursor"),
    (Action::Yank, "yank", "put in what was cut last"),
    (Action::YankPop, "yank-pop", "instead of what was just put in, what was cut before it"),
    (Action::Undo, "undo", "take the last edit back"),
    (Action::Transpose, "transpose", "swap the characters around the cursor"),
    (Action::Upcase, "upcase", "the word behind the cursor in capitals"),
    (Action::Downcase, "downcase", "the word behind the cursor in small letters"),
    (Action::Capitalize, "capitalize", "the word behind the cursor with a capital"),
    (Action::Cancel, "cancel", "end a search, and go back to what was typed"),
    (Action::QuotedInsert, "quoted-insert", "the next key as a character"),
    (Action::Nothing, "nothing", "nothing"),
];

impl Action {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        ACTIONS.iter().find(|(action, ..)| *action == self).map_or("", |(_, name, _)| name)
    }

    /// The action of a name.
    pub fn named(name: &str) -> Option<Action> {
        ACTIONS.iter().find(|(_, known, _)| *known == name).map(|(action, ..)| *action)
    }
}
