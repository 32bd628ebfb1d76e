//! Where vi's motions go.

use crate::editor::buffer::{Buffer, is_word};
use crate::editor::indent::partner;
use crate::editor::lex::lex;
use std::ops::Range;

/// What an operator takes of a motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Up to its end.
    Exclusive,
    /// The character at its end, too.
    Inclusive,
    /// The whole lines.
    Lines,
}

/// A motion's target, and what lies between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where the cursor goes.
    pub target: usize,
    /// From the lesser place to the greater.
    pub range: Range<usize>,
    /// What an operator takes.
    pub reach: Reach,
}

/// `f`, `F`, `t` or `T` with its character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Find {
    /// Which of them.
    pub kind: char,
    /// The character.
    pub wanted: char,
}

impl Find {
    /// The other way.
    pub fn reversed(self) -> Find {
        let kind =
            if self.kind.is_lowercase() { self.kind.to_ascii_uppercase() } else { self.kind.to_ascii_lowercase() };
        Find { kind, ..self }
    }
}

fn to(buffer: &Buffer, target: usize, reach: Reach) -> Span {
    let at = buffer.at();
    Span { target, range: at.min(target)..at.max(target), reach }
}

/// Motions of one key.
pub fn simple(buffer: &Buffer, key: char, times: usize, counted: bool) -> Option<Span> {
    let at = buffer.at();
    let text = buffer.text();
    let line = buffer.line(at);
    let first_word = |start: usize, end: usize| start + text[start..end].len() - text[start..end].trim_start().len();
    let again = |step: &dyn Fn(usize) -> usize| (0..times).fold(at, |at, _| step(at));
    Some(match key {
        'h' => to(buffer, again(&|at| buffer.left_of(at)).max(line.start), Reach::Exclusive),
        'l' | ' ' => to(buffer, again(&|at| buffer.right_of(at)).min(line.end), Reach::Exclusive),
        '0' => to(buffer, line.start, Reach::Exclusive),
        '^' => to(buffer, first_word(line.start, line.end), Reach::Exclusive),
        '$' => to(buffer, line.end, Reach::Exclusive),
        'w' => to(buffer, again(&|at| next_word(text, at, kind)), Reach::Exclusive),
        'W' => to(buffer, again(&|at| next_word(text, at, big)), Reach::Exclusive),
        'b' => to(buffer, again(&|at| word_before(text, at, kind)), Reach::Exclusive),
        'B' => to(buffer, again(&|at| word_before(text, at, big)), Reach::Exclusive),
        'e' => to(buffer, again(&|at| word_end(text, at, kind)), Reach::Inclusive),
        'E' => to(buffer, again(&|at| word_end(text, at, big)), Reach::Inclusive),
        'G' if counted => to(buffer, start_of_line(text, times), Reach::Lines),
        'G' => to(buffer, first_word(buffer.line(text.len()).start, text.len()), Reach::Lines),
        'j' | 'k' => {
            let mut moved = buffer.clone();
            (0..times).all(|_| moved.move_lines(key == 'j')).then(|| to(buffer, moved.at(), Reach::Lines))?
        }
        '%' => {
            let spans = lex(text, usize::MAX);
            let bracket = (at..line.end).find_map(|place| partner(&spans, place))?;
            to(buffer, bracket, Reach::Inclusive)
        }
        _ => return None,
    })
}

fn start_of_line(text: &str, number: usize) -> usize {
    text.match_indices('\n').nth(number.saturating_sub(2)).filter(|_| number > 1).map_or(0, |(at, _)| at + 1)
}

/// Kinds of characters that words are made of.
fn kind(c: char) -> u8 {
    if c.is_whitespace() {
        0
    } else if is_word(c) {
        1
    } else {
        2
    }
}

fn big(c: char) -> u8 {
    u8::from(!c.is_whitespace())
}

fn next_word(text: &str, at: usize, kind: fn(char) -> u8) -> usize {
    let rest = &text[at..];
    let Some(first) = rest.chars().next() else { return at };
    let word = if kind(first) == 0 { rest } else { rest.trim_start_matches(|c| kind(c) == kind(first)) };
    text.len() - word.trim_start().len()
}

/// What `cw` takes: words without the blanks behind the last one.
pub fn change_word(buffer: &Buffer, key: char, times: usize) -> Span {
    let kind = if key == 'w' { kind } else { big };
    let text = buffer.text();
    let end = (0..times).fold(buffer.at(), |at, round| {
        let rest = if round == 0 { &text[at..] } else { text[at..].trim_start() };
        let here = rest.chars().next().map_or(0, kind);
        text.len() - rest.trim_start_matches(|c| kind(c) == here && c != '\n').len()
    });
    to(buffer, end, Reach::Exclusive)
}

fn word_before(text: &str, at: usize, kind: fn(char) -> u8) -> usize {
    let before = text[..at].trim_end();
    let Some(last) = before.chars().next_back() else { return 0 };
    before.trim_end_matches(|c| kind(c) == kind(last)).len()
}

fn word_end(text: &str, at: usize, kind: fn(char) -> u8) -> usize {
    let Some(here) = text[at..].chars().next() else { return at };
    let rest = text[at + here.len_utf8()..].trim_start();
    let Some(first) = rest.chars().next() else { return at };
    let word = rest.len() - rest.trim_start_matches(|c| kind(c) == kind(first)).len();
    let last = rest[..word].char_indices().next_back().map_or(0, |(at, _)| at);
    text.len() - rest.len() + last
}

/// Finds a character in the line.
pub fn find(buffer: &Buffer, find: Find, times: usize) -> Option<Span> {
    let at = buffer.at();
    let line = buffer.line(at);
    let text = buffer.text();
    if find.kind.is_lowercase() {
        let from = buffer.right_of(at).min(line.end);
        let found = text[from..line.end]
            .match_indices(find.wanted)
            .nth(times.saturating_sub(1))
            .map(|(found, _)| from + found)?;
        let target = if find.kind == 't' { buffer.left_of(found) } else { found };
        Some(to(buffer, target, Reach::Inclusive))
    } else {
        let found = text[line.start..at].rmatch_indices(find.wanted).nth(times.saturating_sub(1));
        let found = found.map(|(found, _)| line.start + found)?;
        let target = if find.kind == 'T' { buffer.right_of(found) } else { found };
        Some(to(buffer, target, Reach::Exclusive))
    }
}

/// A text object: a word, what stands in quotes or brackets.
pub fn object(buffer: &Buffer, name: char, around: bool) -> Option<Span> {
    let at = buffer.at();
    let text = buffer.text();
    let line = buffer.line(at);
    let range = match name {
        'w' | 'W' => {
            let kind = if name == 'w' { kind } else { big };
            let here = kind(text[at..line.end].chars().next()?);
            let start = text[line.start..at].trim_end_matches(|c| kind(c) == here).len() + line.start;
            let after = text[at..line.end].trim_start_matches(|c| kind(c) == here);
            let after = if around { after.trim_start() } else { after };
            start..line.end - after.len()
        }
        '"' | '\'' | '`' => {
            let open = text[line.start..buffer.right_of(at)].rfind(name).map(|found| line.start + found)?;
            let open = if open == at && text[line.start..at].matches(name).count() % 2 == 1 {
                line.start + text[line.start..at].rfind(name)?
            } else {
                open
            };
            let close = open + 1 + text[open + 1..line.end].find(name)?;
            if around { open..close + 1 } else { open + 1..close }
        }
        _ => {
            let open = match name {
                '(' | ')' | 'b' => '(',
                '[' | ']' => '[',
                '{' | '}' | 'B' => '{',
                '<' | '>' => return None,
                _ => return None,
            };
            let spans = lex(text, usize::MAX);
            let holds = |start: usize| {
                let end = partner(&spans, start)?;
                (text[start..].starts_with(open) && start <= at && at <= end).then_some((start, end))
            };
            let (start, end) = (0..=at).rev().find_map(holds)?;
            if around { start..end + 1 } else { start + 1..end }
        }
    };
    Some(Span { target: range.start, range, reach: Reach::Exclusive })
}
