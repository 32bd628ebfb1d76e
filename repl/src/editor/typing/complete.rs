//! Tab: what could stand at the cursor.

use super::Typing;
use crate::editor::EDIT;
use crate::editor::Words;
use crate::editor::buffer::{Edit, is_word};
use crate::editor::indent::LEVEL;
use crate::editor::menu::{Menu, common_prefix};
use ironbook_assist::{Candidate, Completions};

/// Among the magics, those that the editor answers itself.
fn add_own_magics(found: &mut Completions, typed: &str) {
    if EDIT.starts_with(typed) && found.candidates.iter().all(|candidate| candidate.text != EDIT) {
        let summary = "Edit an earlier cell, or what was typed last, in your editor".to_owned();
        let edit = Candidate { text: EDIT.to_owned(), kind: "magic", summary, ..Candidate::default() };
        let at = found.candidates.iter().position(|candidate| candidate.text.as_str() > EDIT);
        found.candidates.insert(at.unwrap_or(found.candidates.len()), edit);
    }
}

impl Typing {
    /// Completes as far as all candidates agree and opens the list; in an open list chooses the next.
    pub(super) fn complete(&mut self, words: &dyn Words, forward: bool) {
        if self.menu.is_some() {
            return self.choose(forward);
        }
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        let before = &self.buffer.text()[line.start..at];
        if !forward {
            return self.dedent();
        }
        if before.bytes().all(|byte| byte == b' ') {
            let blanks = LEVEL - before.len() % LEVEL;
            return self.buffer.insert(&" ".repeat(blanks), Edit::Other);
        }
        let mut found = words.complete(self.buffer.text(), at);
        let Some(typed) = self.buffer.text().get(found.range.start..at).map(str::to_owned) else { return };
        if typed.starts_with('%') {
            add_own_magics(&mut found, &typed);
        }
        // Others only resemble what was typed; they are listed, but have no say in what is put in.
        let begins =
            found.candidates.iter().map(|candidate| candidate.text.as_str()).filter(|text| text.starts_with(&typed));
        let begins: Vec<&str> = begins.collect();
        match (begins.as_slice(), found.candidates.as_slice()) {
            (_, []) => {}
            ([only], _) => self.buffer.replace(found.range, only, Edit::Other),
            ([], [only]) => self.buffer.replace(found.range, &only.text, Edit::Other),
            (several, _) => {
                let common = common_prefix(several.iter().copied());
                let longer = common.len() > typed.len();
                let typed = if longer { common.to_owned() } else { typed };
                if longer {
                    self.buffer.replace(found.range.clone(), &typed, Edit::Other);
                }
                self.menu = Some(Menu::new(found, &typed));
            }
        }
    }

    /// Takes a level of indentation from the line.
    fn dedent(&mut self) {
        let line = self.buffer.line(self.buffer.at());
        let text = &self.buffer.text()[line.clone()];
        let blanks = text.len() - text.trim_start_matches(' ').len();
        let less = blanks.saturating_sub(1) / LEVEL * LEVEL;
        self.buffer.replace_elsewhere(line.start..line.start + blanks, &" ".repeat(less));
    }

    /// Puts in the next candidate.
    pub(super) fn choose(&mut self, forward: bool) {
        let at = self.buffer.at();
        let Some(menu) = self.menu.as_mut().filter(|menu| menu.start <= at) else { return };
        let text = menu.choose(forward).to_owned();
        let range = menu.start..self.buffer.at();
        self.buffer.replace(range, &text, Edit::Other);
    }

    /// After typing: keeps the candidates that still fit.
    pub(super) fn narrow_menu(&mut self) {
        let Some(menu) = &mut self.menu else { return };
        let typed = self.buffer.text().get(menu.start..self.buffer.at());
        let goes_on =
            typed.is_some_and(|typed| typed.chars().all(|c| is_word(c) || "%:.#!/-".contains(c)) && menu.narrow(typed));
        if !goes_on {
            self.menu = None;
        }
    }
}
