//! What is known at a place: by the checks of the page, and by the language service.

use super::Server;
use super::place::Place;
use crate::checks::{Known, Report};
use crate::loading;
use crate::page::Page;
use ironbook_assist::{Planned, View};
use ironbook_session::language::{self, Answer, Document, Query};
use lsp_types::{Position, Uri};
use std::sync::Arc;
use std::time::Duration;

impl Server {
    pub(crate) fn place(&self, uri: &Uri, position: Position) -> Option<Place> {
        let key = self.documents.owner(uri.as_str());
        let page = self.documents.page(&key);
        let (index, byte) = page.find(uri, position)?;
        let is_asked = page.cells[index].is_code && page.cells[index].is_read();
        is_asked.then_some(Place { page, index, byte, key })
    }

    /// Whether there is a language service to be asked.
    pub(crate) fn has_service(&self) -> bool {
        self.service.is_some()
    }

    /// Why the language service says nothing, if it is not that there is nothing to say.
    pub(crate) fn why_silent(&self) -> Option<String> {
        self.service.as_ref().and_then(loading::why_silent)
    }

    pub(crate) fn report(&self, key: &String) -> Arc<Report> {
        self.checks.as_ref().map(|checks| checks.report(key)).unwrap_or_default()
    }

    /// What is known before a cell.
    pub(crate) fn view(&self, place: &Place) -> View {
        let cells = place.page.cells.iter().enumerate().filter(|(index, _)| *index != place.index);
        let texts = cells.map(|(index, cell)| (index as u64 + 1, cell.text.text()));
        let searches = ironbook_assist::searches(texts);
        View { searches, ..self.view_before(&self.report(&place.key), place.index) }
    }

    fn view_before(&self, report: &Report, index: usize) -> View {
        let known = report.cells.get(&index);
        let (variables, items) = known.map(|known| (known.variables.clone(), known.items.clone())).unwrap_or_default();
        self.ground.view(variables, items)
    }

    /// What is known without any cell.
    pub(crate) fn blank_view(&self) -> View {
        self.ground.view(Vec::new(), Vec::new())
    }

    /// Asks the language service about all cells of a page; the answer's places are in the document.
    pub(crate) fn ask_whole(
        &self,
        page: &Page,
        uri: &Uri,
        query: Query,
        patience: Duration,
    ) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let (index, _) = page.code().find(|(_, cell)| cell.uri == *uri)?;
        let place = Place { page: page.clone(), index, byte: 0, key: self.documents.owner(uri.as_str()) };
        let document = self.document(&place, true);
        let answer = service.ask(&document.text, 0, query, patience)?;
        Some((document, answer))
    }

    /// Asks the language service; the answer's places are in the document.
    pub(crate) fn ask(&self, place: &Place, query: Query, patience: Duration) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let whole = matches!(query, Query::Definition | Query::References | Query::Rename(_));
        let document = self.document(place, whole);
        let at = document.at(place.execution(), place.byte)?;
        let answer = service.ask(&document.text, at, query, patience)?;
        Some((document, answer))
    }

    /// Asks the language service a question about the bytes of a cell from a place to `end`, whose byte in the document `query`
    /// takes.
    pub(crate) fn ask_to(
        &self,
        place: &Place,
        end: usize,
        query: impl FnOnce(usize) -> Query,
        patience: Duration,
    ) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let document = self.document(place, false);
        let at = document.at(place.execution(), place.byte)?;
        // A magic between is of another length there.
        let end = document.at(place.execution(), end)?;
        let answer = service.ask(&document.text, at, query(end.max(at)), patience)?;
        Some((document, answer))
    }

    /// The cells up to the place, or all. Of those before it that were checked, only what they make is told, since a
    /// service reads a function anew with each key; those with errors make nothing, and stand as they are.
    fn document(&self, place: &Place, whole: bool) -> Document {
        let report = self.report(&place.key);
        let known = report.cells.get(&place.index).filter(|_| !whole);
        let told = |index: &usize| known.is_some() && report.cells.get(index).is_some_and(Known::is_sound);
        let wanted = |index: &usize| whole || *index == place.index || *index < place.index && !told(index);
        let cells = place.page.code().filter(|(index, cell)| wanted(index) && cell.is_read());
        let cells = cells.map(|(index, cell)| {
            let view = self.view_before(&report, index);
            let text = cell.text.text();
            language::Cell { execution: Page::execution(index), source: Planned::new(text, &view).whole(text, &view) }
        });
        let prelude = known.map(|known| Arc::clone(&known.prelude)).unwrap_or_default();
        prelude.document(&cells.collect::<Vec<_>>())
    }
}
