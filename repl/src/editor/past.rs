//! What was typed before, as the line editor walks through it and searches it.

use super::state::State;
use rustyline::history::{History, SearchDirection, SearchResult};
use rustyline::{Result, error::ReadlineError};
use std::path::Path;
use std::sync::Arc;

/// A walk through the history, from the first key up.
#[derive(Clone, Debug)]
pub struct Browse {
    /// How all entries begin that are stopped at.
    pub prefix: String,
    /// What was typed before.
    pub draft: String,
    /// What was shown last.
    pub shown: String,
}

/// The history, to the line editor. It is kept by [`super::history::History`] alone: nothing is added or written here.
pub struct Past(pub Arc<State>);

impl History for Past {
    fn get(&self, index: usize, dir: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let history = self.0.history();
        let mut now = self.0.now();
        let Some(browse) = &mut now.browse else {
            let entry = history.entries().get(index).cloned();
            return Ok(entry.map(|entry| SearchResult { pos: entry.len(), entry: entry.into(), idx: index }));
        };
        let found = match dir {
            SearchDirection::Reverse => history.older(index.saturating_add(1), &browse.prefix, &browse.shown),
            SearchDirection::Forward => {
                let from = index.checked_sub(1).unwrap_or(usize::MAX);
                let newer = history.newer(from, &browse.prefix, &browse.shown);
                newer.or(Some(history.entries().len()))
            }
        };
        Ok(found.map(|idx| {
            let entry = history.entries().get(idx).unwrap_or(&browse.draft).clone();
            browse.shown.clone_from(&entry);
            SearchResult { pos: entry.len(), entry: entry.into(), idx }
        }))
    }

    fn len(&self) -> usize {
        self.0.history().entries().len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn search(&self, term: &str, start: usize, dir: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        if term.is_empty() {
            return Ok(None);
        }
        let history = self.0.history();
        let found = history.holding(term, start, dir == SearchDirection::Reverse);
        Ok(found.map(|(idx, pos)| SearchResult { entry: history.entries()[idx].clone().into(), idx, pos }))
    }

    fn starts_with(&self, term: &str, start: usize, dir: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let history = self.0.history();
        let found = match dir {
            SearchDirection::Reverse => history.older(start.saturating_add(1), term, ""),
            SearchDirection::Forward => history.newer(start.saturating_sub(1), term, ""),
        };
        let pos = term.len();
        Ok(found.map(|idx| SearchResult { entry: history.entries()[idx].clone().into(), idx, pos }))
    }

    fn add(&mut self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn add_owned(&mut self, _: String) -> Result<bool> {
        Ok(false)
    }

    fn set_max_len(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    fn ignore_dups(&mut self, _: bool) -> Result<()> {
        Ok(())
    }

    fn ignore_space(&mut self, _: bool) {}

    fn save(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn append(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn load(&mut self, _: &Path) -> Result<()> {
        Err(unsupported())
    }

    fn clear(&mut self) -> Result<()> {
        Err(unsupported())
    }
}

fn unsupported() -> ReadlineError {
    ReadlineError::Io(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::state;
    use super::*;

    #[test]
    fn a_walk_stops_at_what_begins_alike_and_ends_at_the_draft() {
        let state = state(&["let a = 1;", "a", "let b = 2;", "b"]);
        let draft = "let";
        state.browse_from(draft, draft.len());
        let past = Past(state);
        let mut at = past.len();
        let mut walk = |dir: SearchDirection| {
            let next = if dir == SearchDirection::Reverse { at - 1 } else { at + 1 };
            let found = past.get(next, dir).expect("no error")?;
            at = found.idx;
            Some(found.entry.into_owned())
        };
        assert_eq!(walk(SearchDirection::Reverse).as_deref(), Some("let b = 2;"));
        assert_eq!(walk(SearchDirection::Reverse).as_deref(), Some("let a = 1;"));
        assert_eq!(walk(SearchDirection::Forward).as_deref(), Some("let b = 2;"));
        assert_eq!(walk(SearchDirection::Forward).as_deref(), Some("let"));
    }

    #[test]
    fn a_search_finds_any_part() {
        let past = Past(state(&["let Alpha = 1;", "b"]));
        let found = past.search("alpha", 1, SearchDirection::Reverse).expect("no error").expect("an entry");
        assert_eq!((found.idx, found.pos), (0, 4));
        assert!(past.search("", 1, SearchDirection::Reverse).expect("no error").is_none());
    }
}
