//! The list of candidates under the cell.

use super::layout::Row;
use super::width;
use crate::theme::{Role, Theme};
use ironbook_assist::{Candidate, Completions};

/// Most candidates that are shown at once.
const MOST: usize = 10;

/// The candidates for what stands at the cursor.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// Where what they replace begins.
    pub start: usize,
    /// What was typed.
    typed: String,
    all: Vec<Candidate>,
    fitting: Vec<usize>,
    chosen: Option<usize>,
}

impl Menu {
    /// A list for what was typed.
    pub fn new(completions: Completions, typed: &str) -> Menu {
        let fitting = (0..completions.candidates.len()).collect();
        let (start, all) = (completions.range.start, completions.candidates);
        Menu { start, typed: typed.to_owned(), all, fitting, chosen: None }
    }

    /// Keeps those that begin with what is typed by now; false if there are none.
    pub fn narrow(&mut self, typed: &str) -> bool {
        self.typed = typed.to_owned();
        self.chosen = None;
        let small = typed.to_lowercase();
        let fits = |at: &usize| self.all[*at].text.to_lowercase().starts_with(&small);
        self.fitting = (0..self.all.len()).filter(fits).collect();
        !self.fitting.is_empty()
    }

    /// Chooses the next one, or the one before; behind the last comes what was typed, and then the first again.
    pub fn choose(&mut self, forward: bool) -> &str {
        let count = self.fitting.len();
        self.chosen = match (self.chosen, forward) {
            (None, true) => Some(0),
            (None, false) => count.checked_sub(1),
            (Some(at), true) => Some(at + 1).filter(|at| *at < count),
            (Some(at), false) => at.checked_sub(1),
        };
        self.text()
    }

    /// What is chosen, else what was typed.
    pub fn text(&self) -> &str {
        let chosen = self.chosen.and_then(|at| self.fitting.get(at));
        chosen.map_or(&self.typed, |at| &self.all[*at].text)
    }

    /// Whether one is chosen.
    pub fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// The rows to show, at most so many.
    pub fn rows(&self, columns: usize, most: usize, theme: Theme) -> Vec<Row> {
        let most = most.clamp(1, MOST);
        let count = self.fitting.len();
        let lines = if count > most { most.saturating_sub(1).max(1) } else { most };
        let first = self.chosen.map_or(0, |at| (at / lines) * lines);
        let page: Vec<(bool, &Candidate)> = self.fitting[first.min(count)..(first + lines).min(count)]
            .iter()
            .enumerate()
            .map(|(at, candidate)| (self.chosen == Some(first + at), &self.all[*candidate]))
            .collect();
        let plan = Plan::new(page.iter().map(|(_, candidate)| *candidate), columns);
        let mut rows: Vec<Row> = page.iter().map(|(chosen, candidate)| plan.row(candidate, *chosen, theme)).collect();
        if count > lines {
            let note = format!("  {}-{} of {count}", first + 1, first + page.len());
            rows.push(Row::painted(theme, Role::About, &width::fitted(&note, columns)));
        }
        rows
    }
}

/// How wide the columns of the list are.
struct Plan {
    columns: usize,
    name: usize,
    signature: usize,
}

impl Plan {
    fn new<'a>(page: impl Iterator<Item = &'a Candidate>, columns: usize) -> Plan {
        let mut plan = Plan { columns, name: 0, signature: 0 };
        for candidate in page {
            plan.name = plan.name.max(width::of(&one_line(&candidate.text)));
            plan.signature = plan.signature.max(width::of(&signature(candidate)));
        }
        plan.name = plan.name.min(columns.saturating_sub(2).min((columns / 2).max(16)));
        let room = columns.saturating_sub(plan.name + 4);
        plan.signature = plan.signature.min(room / 2);
        plan
    }

    fn row(&self, candidate: &Candidate, chosen: bool, theme: Theme) -> Row {
        let mut row = Row::default();
        // Without colours a sign tells which one is chosen.
        let sign = if chosen && theme == Theme::None { "> " } else { "  " };
        row.add(theme, Role::Plain, sign);
        let name = padded(&candidate.text, self.name);
        row.add(theme, if chosen { Role::Chosen } else { Role::Candidate }, &name);
        let mut room = self.columns.saturating_sub(row.width + 2);
        if self.signature > 0 && room > 0 {
            row.add(theme, Role::About, &format!("  {}", padded(&signature(candidate), self.signature.min(room))));
            room = self.columns.saturating_sub(row.width + 2);
        }
        let about = width::fitted(&one_line(&candidate.summary), room);
        if width::of(&about) > 3 || (room > 0 && width::of(&candidate.summary) <= room) {
            row.add(theme, Role::Candidate, &format!("  {about}"));
        }
        row
    }
}

/// The signature without what all have.
fn signature(candidate: &Candidate) -> String {
    let signature = candidate.signature.trim_start();
    one_line(signature.strip_prefix("pub ").unwrap_or(signature))
}

fn padded(text: &str, columns: usize) -> String {
    let text = width::fitted(&one_line(text), columns);
    let missing = columns.saturating_sub(width::of(&text));
    text + &" ".repeat(missing)
}

/// Text without what would break a row.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The longest beginning that all texts share.
pub fn common_prefix<'a>(mut texts: impl Iterator<Item = &'a str>) -> &'a str {
    let Some(first) = texts.next() else { return "" };
    texts.fold(first, |common, text| {
        let same = common.char_indices().zip(text.chars()).find(|((_, a), b)| a != b);
        &common[..same.map_or(common.len().min(text.len()), |((at, _), _)| at)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(names: &[(&str, &str, &str)]) -> Menu {
        let candidate = |(text, signature, summary): &(&str, &str, &str)| Candidate {
            text: (*text).into(),
            signature: (*signature).into(),
            summary: (*summary).into(),
            ..Candidate::default()
        };
        Menu::new(Completions { range: 0..1, candidates: names.iter().map(candidate).collect() }, "f")
    }

    fn shown(menu: &Menu, columns: usize, most: usize) -> Vec<String> {
        menu.rows(columns, most, Theme::None).into_iter().map(|row| row.text.trim_end().to_owned()).collect()
    }

    #[test]
    fn columns_are_aligned_and_fit() {
        let menu = menu(&[("fit", "fn(x: &Frame)", "Fits a model."), ("日本語", "i32", "A number of things to see.")]);
        assert_eq!(
            shown(&menu, 60, 8),
            ["  fit     fn(x: &Frame)  Fits a model.", "  日本語  i32            A number of things to see.",]
        );
        for columns in 8..60 {
            for row in menu.rows(columns, 8, Theme::Dark) {
                assert!(row.width <= columns, "{row:?} in {columns}");
            }
        }
        assert_eq!(shown(&menu, 40, 8)[1], "  日本語  i32            A number of th…");
    }

    #[test]
    fn a_long_list_is_shown_in_pages() {
        let names: Vec<String> = (0..25).map(|i| format!("f{i}")).collect();
        let names: Vec<(&str, &str, &str)> = names.iter().map(|name| (name.as_str(), "", "")).collect();
        let mut menu = menu(&names);
        assert_eq!(shown(&menu, 30, 4), ["  f0", "  f1", "  f2", "  1-3 of 25"]);
        assert_eq!(menu.choose(false), "f24");
        assert_eq!(shown(&menu, 30, 4), ["> f24", "  25-25 of 25"]);
        assert_eq!(menu.choose(true), "f", "what was typed comes between the last and the first");
        assert!(menu.narrow("f2"));
        assert_eq!(menu.choose(true), "f2");
        assert!(!menu.narrow("g"));
    }

    #[test]
    fn what_all_share_is_found() {
        assert_eq!(common_prefix(["日本語", "日本x"].into_iter()), "日本");
        assert_eq!(common_prefix(["a", "ab"].into_iter()), "a");
        assert_eq!(common_prefix(std::iter::empty()), "");
    }
}
