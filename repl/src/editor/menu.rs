//! The list of candidates under the cell.

use super::width;
use crate::theme::{Role, Theme};
use ironbook_assist::Candidate;

/// Most rows that are shown at once.
const MOST: usize = 10;

/// The candidates for what stands at the cursor, one of which can be chosen.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    all: Vec<Candidate>,
    /// The signature of the call that they are arguments of.
    call: String,
    /// What stands in the text where none is chosen.
    typed: String,
    chosen: Option<usize>,
    /// The first that is shown, and how many were shown last.
    first: usize,
    shown: usize,
}

/// A way through the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the next one, from the last to none, from there to the first.
    Next,
    /// The other way round.
    Back,
    /// A page on, at most to the last.
    PageDown,
    /// A page back, at most to the first.
    PageUp,
    /// To none.
    Out,
}

impl Menu {
    /// A list of these, where `typed` stands in the text.
    pub fn new(all: Vec<Candidate>, typed: &str) -> Menu {
        Menu { all, typed: typed.to_owned(), ..Menu::default() }
    }

    /// The same under the signature of the call that they are arguments of.
    pub fn within(self, call: Option<String>) -> Menu {
        Menu { call: call.unwrap_or_default(), ..self }
    }

    /// Whether one is chosen.
    pub fn has_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// What stands in the text now: the candidate that is chosen, or what was typed.
    pub fn text(&self) -> &str {
        self.chosen.and_then(|at| self.all.get(at)).map_or(&self.typed, |candidate| &candidate.text)
    }

    /// Chooses another one.
    pub fn step(&mut self, step: Step) {
        let Some(last) = self.all.len().checked_sub(1) else { return };
        let page = self.shown.max(1);
        self.chosen = match (step, self.chosen) {
            (Step::Out, _) => None,
            (Step::Next, Some(at)) => (at < last).then_some(at + 1),
            (Step::Back, Some(at)) => at.checked_sub(1),
            (Step::Next | Step::PageUp, None) => Some(0),
            (Step::Back, None) => Some(last),
            (Step::PageDown, at) => Some((at.unwrap_or(0) + page).min(last)),
            (Step::PageUp, Some(at)) => Some(at.saturating_sub(page)),
        };
    }

    /// The rows to show, at most so many.
    pub fn rows(&mut self, columns: usize, most: usize, theme: Theme) -> Vec<Row> {
        let head = (!self.call.is_empty() && (most > 1 || self.all.is_empty())).then(|| {
            let mut row = Row::default();
            row.add(theme, Role::Candidate, &width::fitted(&format!("  {}", one_line(&self.call)), columns));
            row
        });
        let most = most.min(MOST);
        let most = most.saturating_sub(usize::from(head.is_some()));
        if most == 0 {
            return head.into_iter().collect();
        }
        let count = self.all.len();
        let lines = if count > most { most.saturating_sub(1).max(1) } else { most };
        // The page on which the chosen one stands.
        self.first = self.chosen.unwrap_or(0) / lines * lines;
        let page = &self.all[self.first.min(count)..(self.first + lines).min(count)];
        self.shown = page.len();
        let plan = Plan::new(page.iter(), columns);
        let row = |(at, candidate)| match self.chosen == Some(self.first + at) {
            true => plan.row("> ", candidate, Theme::None).chosen(theme),
            false => plan.row("  ", candidate, theme),
        };
        let mut rows: Vec<Row> = head.into_iter().chain(page.iter().enumerate().map(row)).collect();
        if count > lines && most > 1 {
            let note = format!("  {}-{} of {count}; tab or arrows choose", self.first + 1, self.first + page.len());
            let mut row = Row::default();
            row.add(theme, Role::About, &width::fitted(&note, columns));
            rows.push(row);
        }
        rows
    }
}

/// One row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What is written, with colours.
    pub text: String,
    /// Its columns.
    pub width: usize,
}

impl Row {
    /// Adds text of one colour.
    fn add(&mut self, theme: Theme, role: Role, text: &str) {
        self.text.push_str(&theme.paint(role, text));
        self.width += width::of(text);
    }

    /// The row of the candidate that is chosen.
    fn chosen(self, theme: Theme) -> Row {
        Row { text: theme.paint(Role::Chosen, &self.text), ..self }
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

    fn row(&self, mark: &str, candidate: &Candidate, theme: Theme) -> Row {
        let mut row = Row::default();
        row.add(theme, Role::Plain, mark);
        let name = padded(&candidate.text, self.name);
        row.add(theme, Role::Candidate, &name);
        let mut room = self.columns.saturating_sub(row.width + 2);
        if self.signature > 0 && room > 0 {
            // Where nothing stands behind it, it has all the room.
            let most = if candidate.summary.is_empty() { room } else { self.signature.min(room) };
            let text = width::fitted(&signature(candidate), most);
            let text = padded(&text, self.signature.min(room).max(width::of(&text)));
            row.add(theme, Role::About, &format!("  {text}"));
            room = self.columns.saturating_sub(row.width + 2);
        }
        let about = width::fitted(&one_line(&candidate.summary), room);
        if width::of(&about) > 3 || (room > 0 && width::of(&candidate.summary) <= room) {
            row.add(theme, Role::About, &format!("  {about}"));
        }
        row
    }
}

/// The signature without what the name says already: `(n: usize) -> DataFrame`.
fn signature(candidate: &Candidate) -> String {
    let whole = one_line(candidate.signature.trim_start());
    let signature = whole.strip_prefix("pub ").unwrap_or(&whole);
    let Some((before, rest)) = signature.split_once("fn ").filter(|(before, _)| is_qualified(before)) else {
        return signature.to_owned();
    };
    let Some(rest) = rest.strip_prefix(candidate.text.as_str()) else { return format!("{before}fn {rest}") };
    let rest = behind_generics(rest).split(" where ").next().unwrap_or_default();
    let own = ["(&self", "(&mut self", "(mut self", "(self"].into_iter().find_map(|own| {
        let behind = rest.strip_prefix(own)?;
        behind.strip_prefix(", ").or_else(|| behind.starts_with(')').then_some(behind))
    });
    own.map_or_else(|| rest.to_owned(), |behind| format!("({behind}"))
}

/// What follows `<...>`.
fn behind_generics(text: &str) -> &str {
    let mut depth = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { text } else { &text[at + 1..] };
        }
        before = c;
    }
    text
}

/// Whether there is nothing but words before `fn` that a function can have.
fn is_qualified(before: &str) -> bool {
    before.split_whitespace().all(|word| ["const", "async", "unsafe", "extern", "\"C\""].contains(&word))
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
        Menu::new(names.iter().map(candidate).collect(), "f")
    }

    fn shown(menu: &mut Menu, columns: usize, most: usize) -> Vec<String> {
        menu.rows(columns, most, Theme::None).into_iter().map(|row| row.text.trim_end().to_owned()).collect()
    }

    #[test]
    fn columns_are_aligned_and_fit() {
        let mut menu =
            menu(&[("fit", "fn(x: &Frame)", "Fits a model."), ("日本語", "i32", "A number of things to see.")]);
        assert_eq!(
            shown(&mut menu, 60, 8),
            ["  fit     fn(x: &Frame)  Fits a model.", "  日本語  i32            A number of things to see.",]
        );
        for columns in 8..60 {
            for row in menu.rows(columns, 8, Theme::Dark) {
                assert!(row.width <= columns, "{row:?} in {columns}");
            }
        }
        assert_eq!(shown(&mut menu, 40, 8)[1], "  日本語  i32            A number of th…");
    }

    fn five() -> Menu {
        let names: Vec<String> = (0..5).map(|i| format!("f{i}")).collect();
        menu(&names.iter().map(|name| (name.as_str(), "", "")).collect::<Vec<_>>())
    }

    #[test]
    fn the_page_of_the_chosen_one_is_shown() {
        let mut menu = five();
        assert_eq!(shown(&mut menu, 40, 4), ["  f0", "  f1", "  f2", "  1-3 of 5; tab or arrows choose"]);
        menu.step(Step::Back);
        assert_eq!(shown(&mut menu, 40, 4), ["  f3", "> f4", "  4-5 of 5; tab or arrows choose"]);
        menu.step(Step::PageUp);
        assert_eq!(shown(&mut menu, 40, 4), ["  f0", "  f1", "> f2", "  1-3 of 5; tab or arrows choose"]);
        menu.step(Step::PageDown);
        assert_eq!(menu.text(), "f4");
        menu.step(Step::Out);
        assert_eq!(shown(&mut menu, 40, 1), ["  f0"]);
        assert!(menu.rows(40, 4, Theme::Dark).iter().all(|row| !row.text.contains("48;5;24")));
        menu.step(Step::Next);
        assert!(menu.rows(40, 4, Theme::Dark)[0].text.contains("48;5;24"), "it has a colour of its own");
    }

    #[test]
    fn steps_go_round_by_what_was_typed() {
        let mut none = menu(&[]).within(Some("fn g()".to_owned()));
        none.step(Step::Next);
        assert_eq!(none.text(), "f");
        let mut menu = five();
        let mut went = |step, times: usize| {
            (0..times).for_each(|_| menu.step(step));
            menu.text().to_owned()
        };
        assert_eq!(
            (went(Step::Next, 0), went(Step::Next, 1), went(Step::Next, 4)),
            ("f".into(), "f0".into(), "f4".into())
        );
        assert_eq!((went(Step::Next, 1), went(Step::Next, 1)), ("f".into(), "f0".into()));
        assert_eq!((went(Step::Back, 1), went(Step::Back, 1)), ("f".into(), "f4".into()));
        assert_eq!((went(Step::PageDown, 1), went(Step::PageUp, 9)), ("f4".into(), "f0".into()));
    }

    #[test]
    fn signatures_begin_behind_the_name() {
        let short = |text: &str, signature: &str| {
            let candidate = Candidate { text: text.into(), signature: signature.into(), ..Candidate::default() };
            super::signature(&candidate)
        };
        assert_eq!(
            short("head", "pub fn head(&self, n: Option<usize>) -> DataFrame"),
            "(n: Option<usize>) -> DataFrame"
        );
        assert_eq!(short("len", "pub const unsafe fn len(&self) -> usize"), "() -> usize");
        assert_eq!(
            short("apply", "fn apply<F, C>(&mut self, f: F) -> &mut Self where F: Fn(C)"),
            "(f: F) -> &mut Self"
        );
        assert_eq!(short("map", "fn map<B, F: FnMut(u8) -> B>(self, f: F) -> Map"), "(f: F) -> Map");
        assert_eq!(short("selfie", "fn selfie(selfless: u8)"), "(selfless: u8)");
        assert_eq!(short("f", "impl Fn(u8) -> fn (u8)"), "impl Fn(u8) -> fn (u8)");
        assert_eq!(short("x", "f64"), "f64");
    }

    #[test]
    fn the_call_stands_above_its_arguments() {
        let mut names = menu(&[("a", "", ""), ("b", "", ""), ("c", "", "")]).within(Some("fn f(x: u8)".to_owned()));
        assert_eq!(shown(&mut names, 30, 8), ["  fn f(x: u8)", "  a", "  b", "  c"]);
        assert_eq!(shown(&mut names, 30, 3), ["  fn f(x: u8)", "  a", "  1-1 of 3; tab or arrows cho…"]);
        assert_eq!(shown(&mut names, 30, 1), ["  a"]);
        assert_eq!(shown(&mut menu(&[]).within(Some("fn g()".to_owned())), 30, 1), ["  fn g()"]);
        let mut many = menu(&[("a", "", ""); 20]).within(Some("fn h()".to_owned()));
        assert_eq!(shown(&mut many, 30, 30).len(), MOST, "with the call and the note");
    }

    #[test]
    fn what_all_share_is_found() {
        assert_eq!(common_prefix(["日本語", "日本x"].into_iter()), "日本");
        assert_eq!(common_prefix(["a", "ab"].into_iter()), "a");
        assert_eq!(common_prefix(std::iter::empty()), "");
    }
}
