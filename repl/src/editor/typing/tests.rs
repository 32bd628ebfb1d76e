//! Tests of typing: keys in, text and steps out.

use super::super::keymap::{Keymap, Meaning};
use super::super::keys::{Code, Key, parse};
use super::*;
use ironbook_assist::{Candidate, Completions};
use std::collections::BTreeMap;

/// A session in which brackets alone decide whether a cell is whole.
struct Fake;

impl Words for Fake {
    fn complete(&self, text: &str, at: usize) -> Completions {
        let word = text[..at].trim_end_matches(is_word);
        let start = word.trim_end_matches('%').len();
        let known = ["filter", "filter_map", "first", "fold", "into_group", "group_all", "group_by"];
        let typed = &text[start..at];
        let resembles = |name: &&str| name.starts_with(typed) || typed.len() > 1 && name.contains(typed);
        let fits = known.into_iter().filter(resembles);
        let candidates = fits.map(|name| Candidate { text: name.into(), ..Candidate::default() }).collect();
        Completions { range: start..at, candidates }
    }

    fn whole(&self, text: &str) -> Completeness {
        let count = |c| text.matches(c).count();
        match count('{') > count('}') || count('(') > count(')') {
            true => Completeness::Incomplete { indent: String::new() },
            false => Completeness::Complete,
        }
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Desk {
    typing: Typing,
    history: History,
    keymap: Keymap,
    steps: Vec<Step>,
}

impl Desk {
    fn new(history: &[&str]) -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let mut kept = History::open(&folder.path().join("typed.jsonl"), &folder.path().join("none"), 100);
        history.iter().for_each(|text| kept.add(text));
        let keymap = Keymap::new(&BTreeMap::new()).expect("the default keys");
        Desk { typing: Typing::default(), history: kept, keymap, steps: Vec::new() }
    }

    /// Types text, and presses the keys that stand in `<>`.
    fn press(&mut self, keys: &str) -> &mut Desk {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let (pressed, length) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((name, _)) => (parse(name).expect("keys"), name.len() + 2),
                None => (vec![Key::char(c)], c.len_utf8()),
            };
            rest = &rest[length..];
            let around = Around { words: &Fake, history: &self.history, hasty: false };
            if let Some(step) = self.typing.vi_key(pressed[0], &around) {
                self.steps.push(step);
                continue;
            }
            match (self.keymap.meaning(&pressed), pressed[0].code) {
                (Meaning::Does(action), _) => self.steps.push(self.typing.act(action, &around)),
                (_, Code::Char(c)) => self.typing.type_char(c, &around),
                _ => {}
            }
        }
        self
    }

    /// The text with `|` at the cursor.
    fn shown(&self) -> String {
        format!("{}|{}", self.typing.buffer.before(), self.typing.buffer.after())
    }

    fn last(&self) -> Step {
        *self.steps.last().expect("an action")
    }
}

/// What stands there after these keys.
fn after(keys: &str) -> String {
    Desk::new(&[]).press(keys).shown()
}

#[test]
fn enter_ends_a_whole_cell_and_indents_others() {
    let mut desk = Desk::new(&[]);
    desk.press("for i in x {<enter>");
    assert_eq!((desk.shown().as_str(), desk.last()), ("for i in x {\n    |", Step::On));
    desk.press("f(<enter>1,<enter>)<enter>}");
    assert_eq!(desk.shown(), "for i in x {\n    f(\n        1,\n    )\n}|");
    desk.press("<enter>");
    assert_eq!(desk.last(), Step::Submit);
}

#[test]
fn enter_in_the_middle_of_a_long_cell_begins_a_line() {
    let mut desk = Desk::new(&[]);
    desk.press("a {<enter>b<enter>}<up><end><enter>");
    assert_eq!((desk.shown().as_str(), desk.last()), ("a {\n    b\n    |\n}", Step::On));
    desk.press("<alt-enter>");
    assert_eq!(desk.last(), Step::Submit);
    assert_eq!(after("a<ctrl-o>b"), "a\nb|");
}

#[test]
fn between_brackets_enter_opens_a_line_of_its_own() {
    assert_eq!(after("f {}<left><ctrl-o>x"), "f {\n    x|\n}");
    assert_eq!(after("f(a, b)<left><ctrl-o>"), "f(a, b\n|)");
}

#[test]
fn blank_lines_keep_no_blanks_and_backspace_goes_back_a_level() {
    assert_eq!(after("a {<enter><enter>b"), "a {\n\n    b|");
    assert_eq!(after("a {<enter>b {<enter><backspace>c"), "a {\n    b {\n    c|");
    assert_eq!(after("a {<enter><shift-tab>b"), "a {\nb|");
}

#[test]
fn strings_get_no_blanks() {
    assert_eq!(after("f(\"a<ctrl-o>b"), "f(\"a\nb|");
}

#[test]
fn foreign_cells_keep_their_indentation() {
    assert_eq!(after("%%bash<ctrl-o>if x {<ctrl-o>  y<ctrl-o>z"), "%%bash\nif x {\n  y\n  z|");
}

#[test]
fn what_is_pasted_stays_as_it_is() {
    let mut desk = Desk::new(&[]);
    desk.typing.paste("a {\n  b\n  }\n");
    assert_eq!(desk.shown(), "a {\n  b\n  }\n|");
}

#[test]
fn tab_completes_what_all_share_and_then_shows_the_rest() {
    let mut desk = Desk::new(&[]);
    desk.press("x.fi<tab>");
    assert_eq!(desk.shown(), "x.fi|");
    assert!(desk.typing.menu.is_some());
    desk.press("l");
    assert_eq!(desk.shown(), "x.fil|");
    desk.press("<tab>");
    assert_eq!(desk.shown(), "x.filter|");
    desk.press("<tab>");
    assert_eq!(desk.shown(), "x.filter_map|");
    desk.press("<enter>(");
    assert_eq!(desk.shown(), "x.filter_map(|");
    assert!(desk.typing.menu.is_none());
    assert!(!desk.steps.contains(&Step::Submit), "Enter takes what is chosen");
    assert_eq!(after("fir<tab>"), "first|");
    assert_eq!(after("gro<tab>"), "group_|", "what only resembles it has no say");
    assert_eq!(after("group_b<tab>"), "group_by|");
    assert_eq!(after("a {<enter><tab>b"), "a {\n        b|");
}

#[test]
fn the_editors_own_magic_is_among_the_candidates() {
    assert_eq!(after("%ed<tab>"), "%edit|");
}

#[test]
fn up_goes_through_lines_and_then_through_the_history() {
    let mut desk = Desk::new(&["let a = 1;", "for x in y {\n}", "let b = 2;"]);
    desk.press("<up>");
    assert_eq!(desk.shown(), "let b = 2;|");
    desk.press("<up>");
    assert_eq!(desk.shown(), "for x in y {\n}|");
    desk.press("<up>");
    assert_eq!(desk.shown(), "f|or x in y {\n}");
    desk.press("<up>");
    assert_eq!(desk.shown(), "let a = 1;|");
    desk.press("<down><down><down>");
    assert_eq!(desk.shown(), "|");
}

#[test]
fn up_stops_at_cells_that_begin_alike() {
    let mut desk = Desk::new(&["let a = 1;", "for x in y {\n}", "let b = 2;"]);
    desk.press("let<up><up>");
    assert_eq!(desk.shown(), "let a = 1;|");
    desk.press("<up><down><down>");
    assert_eq!(desk.shown(), "let|", "what was typed comes back");
}

#[test]
fn history_suggests_and_right_takes_it() {
    let mut desk = Desk::new(&["let model = fit(&data);"]);
    desk.press("let m");
    assert_eq!(desk.typing.hint(&desk.history), "odel = fit(&data);");
    desk.press("<alt-f>");
    assert_eq!(desk.shown(), "let model|");
    desk.press("<right>");
    assert_eq!(desk.shown(), "let model = fit(&data);|");
}

#[test]
fn the_history_is_searched() {
    let mut desk = Desk::new(&["let a = 1;", "f(a)", "let b = a;"]);
    desk.press("draft<ctrl-r>a");
    assert_eq!(desk.shown(), "let b = |a;");
    desk.press("<ctrl-r>");
    assert_eq!(desk.shown(), "f(|a)");
    desk.press("<ctrl-s>");
    assert_eq!(desk.shown(), "let b = |a;");
    desk.press("zz<ctrl-g>");
    assert_eq!(desk.shown(), "draft|");
    desk.press("<ctrl-r>f(<enter>");
    assert_eq!((desk.shown().as_str(), desk.last()), ("|f(a)", Step::On));
    desk.press("<enter>");
    assert_eq!(desk.last(), Step::Submit);
}

#[test]
fn words_are_cut_and_put_in_again() {
    assert_eq!(after("a b.c<ctrl-w><ctrl-w><ctrl-y>"), "a b.c|");
    assert_eq!(after("one two<alt-backspace><left><ctrl-u><ctrl-y><alt-y>"), "two| ");
    assert_eq!(after("ab cd<home><ctrl-k>x<ctrl-y>"), "xab cd|");
    assert_eq!(after("ab<ctrl-t>"), "ba|");
    assert_eq!(after("ab cd<home><alt-c><alt-u>"), "Ab CD|");
    assert_eq!(after("abc<ctrl-_>"), "|");
}

#[test]
fn ctrl_d_quits_on_nothing_only() {
    let mut desk = Desk::new(&[]);
    desk.press("ab<home><ctrl-d>");
    assert_eq!((desk.shown().as_str(), desk.last()), ("|b", Step::On));
    desk.press("<delete><ctrl-d>");
    assert_eq!(desk.last(), Step::End);
}

/// What stands there after these keys under vi.
fn vi(keys: &str) -> String {
    let mut desk = Desk::new(&["older"]);
    desk.typing = Typing::with_keys(KeyStyle::Vi);
    desk.press(keys).shown()
}

#[test]
fn vi_moves() {
    assert_eq!(vi("let x = foo(1);<esc>0w"), "let |x = foo(1);");
    assert_eq!(vi("let x = foo(1);<esc>0f("), "let x = foo|(1);");
    assert_eq!(vi("let x = foo(1);<esc>0f(%"), "let x = foo(1|);");
    assert_eq!(vi("one two three<esc>2b"), "one |two three");
    assert_eq!(vi("one two three<esc>0e"), "on|e two three");
    assert_eq!(vi("a.b a.b<esc>0t;fb;"), "a.b a.|b");
    assert_eq!(vi("ab<esc>k"), "a|b");
    assert_eq!(vi("<esc>k"), "olde|r");
}

#[test]
fn vi_changes() {
    assert_eq!(vi("let x = 1;<esc>0wcwyou<esc>"), "let yo|u = 1;");
    assert_eq!(vi("let x = 1;<esc>0D"), "|");
    assert_eq!(vi("f(a, b)<esc>ci(x<esc>"), "f(|x)");
    assert_eq!(vi("f(\"abc\")<esc>hhdi\""), "f(\"|\")");
    assert_eq!(vi("one two<esc>0dwp"), "tone| wo");
    assert_eq!(vi("a<ctrl-o>b<esc>ddp"), "a\n|b");
    assert_eq!(vi("a<ctrl-o>b<esc>kyyPx"), "|\na\nb");
    assert_eq!(vi("abc<esc>0xu"), "|abc");
    assert_eq!(vi("one two three<esc>0dw."), "|three");
    assert_eq!(vi("a b c<esc>0cwx<esc>w."), "x |x c");
    assert_eq!(vi("abc<esc>0~rZ"), "A|Zc");
    assert_eq!(vi("a {<enter>b<esc>>>oc<esc>"), "a {\n        b\n        |c");
}

#[test]
fn no_keys_are_too_strange() {
    let keys = [
        "<tab>",
        "<enter>",
        "<up>",
        "<down>",
        "<left>",
        "<backspace>",
        "<ctrl-w>",
        "<ctrl-y>",
        "<alt-y>",
        "<ctrl-r>",
        "f",
        "{",
        "}",
        "日",
        "\"",
        " ",
        "<ctrl-t>",
        "<alt-c>",
        "<ctrl-_>",
        "<shift-tab>",
        "<ctrl-k>",
        "<delete>",
        "<home>",
        "e\u{301}",
        "<alt-/>",
        "<esc>",
        "<ctrl-o>",
        "<right>",
        "<alt-f>",
        "%",
        "'",
    ];
    let commands = "hjklwbeWBE0^$GfFtTrgiaAIoOxXsSdDcCyYpPuvJ~.;,%<>12\"(";
    let mut seed = 3_u64;
    for round in 0..600 {
        let mut desk = Desk::new(&["fold(日本)", "for x in y {\n    é\n}", "x"]);
        if round % 2 == 0 {
            desk.typing = Typing::with_keys(KeyStyle::Vi);
        }
        for _ in 0..60 {
            if desk.typing.takes_commands() == Some(true) {
                let c = commands.as_bytes()[(seed >> 40) as usize % commands.len()];
                let around = Around { words: &Fake, history: &desk.history, hasty: false };
                desk.typing.vi_key(Key::char(char::from(c)), &around);
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            desk.press(keys[(seed >> 33) as usize % keys.len()]);
            desk.shown();
        }
    }
}
