//! `textDocument/prepareRename` and `textDocument/rename`: a name in all cells at once, or not at all.

use crate::server::{Place, Server};
use ironbook_assist as assist;
use ironbook_session::language::{Answer, Query};
use lsp_types::{Range, TextEdit, Uri, WorkspaceEdit};
use std::collections::HashMap;
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Server {
    /// The name at a place; nothing where there is none.
    pub(crate) fn renamed(&self, place: &Place) -> Option<Range> {
        let cell = place.cell();
        let text = cell.text.text();
        let name = word(text, place.byte)?;
        // No number, and no word of Rust's.
        let is_name = syn::parse_str::<syn::Ident>(&text[name.clone()]).is_ok();
        (is_name && assist::is_rust(&self.view(place), text, place.byte)).then(|| cell.range(name))
    }

    /// What has to be written for what stands at a place to have another name.
    ///
    /// # Errors
    /// Why it is not renamed, in words for the user.
    pub(crate) fn rename(&self, place: &Place, name: &str) -> Result<WorkspaceEdit, String> {
        if let Some((index, _)) = place.page.code().find(|(_, cell)| !cell.is_read()) {
            return Err(format!("cell {} is too long to be read, and may name it as well", index + 1));
        }
        let asked = self.ask(place, Query::Rename(name.to_owned()), PATIENCE);
        let slow = || format!("the language service did not answer in {} s; ask again", PATIENCE.as_secs());
        let silent = || match self.has_service() {
            true => self.why_silent().unwrap_or_else(slow),
            false => "names are changed by the language service, and there is none".to_owned(),
        };
        let (document, answer) = asked.ok_or_else(silent)?;
        let edits = match answer {
            Answer::Edits(edits) => edits,
            Answer::Refused(why) => return Err(why),
            _ => return Err("nothing that can be renamed stands there".to_owned()),
        };
        #[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for (range, text) in edits {
            let there = document.place(range.clone());
            let cell = there.as_ref().and_then(|there| place.page.cells.get(place.page.index_of(there.execution)?));
            let (Some(there), Some(cell)) = (there, cell) else {
                return Err("it is named outside of the cells as well".to_owned());
            };
            if cell.text.text().get(there.range.clone()) != document.text.get(range) {
                let magic = cell.text.text().get(there.range).unwrap_or_default();
                let first = magic.lines().next().unwrap_or_default();
                return Err(format!("`{first}` names it as well, where it cannot be renamed"));
            }
            changes.entry(cell.uri.clone()).or_default().push(TextEdit::new(cell.range(there.range), text));
        }
        Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }
}

/// The bytes of the word at or just before a byte.
pub(crate) fn word(text: &str, byte: usize) -> Option<std::ops::Range<usize>> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let (before, after) = (text.get(..byte)?, text.get(byte..)?);
    let start = before.trim_end_matches(inside).len();
    let end = byte + after.len() - after.trim_start_matches(inside).len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_at_both_ends() {
        assert_eq!([4, 5, 6].map(|at| word("let ü_ = 1", at)), [Some(4..7), None, Some(4..7)]);
        assert_eq!(word("a + b", 2), None);
        assert_eq!(word("a", 1), Some(0..1));
    }
}
