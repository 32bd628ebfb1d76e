//! vi's keys: commands while nothing is inserted; the keys of the default while something is.

mod motion;

use super::{Around, Step, Typing};
use crate::editor::action::Action;
use crate::editor::buffer::Edit;
use crate::editor::keys::{Code, Key};
use motion::{Find, Reach, Span};
use std::ops::Range;

/// Where vi's keys are.
#[derive(Clone, Debug, Default)]
pub struct Vi {
    /// Whether keys are commands.
    pub commands: bool,
    count: Option<usize>,
    /// `d`, `c`, `y`, `<` or `>`, while its motion is awaited, with its count.
    operator: Option<(char, usize)>,
    /// `f`, `r`, `g`, `i` and their like, while their character is awaited.
    begun: Option<char>,
    find: Option<Find>,
    /// The keys of the change that goes on, and of the last one.
    recording: Vec<Key>,
    last: Vec<Key>,
    changes: bool,
    replays: bool,
}

impl Typing {
    /// A key under vi; `None` where it has its usual meaning.
    pub fn vi_key(&mut self, key: Key, around: &Around<'_>) -> Option<Step> {
        let vi = self.vi.as_mut()?;
        if !key.alt && !vi.replays && (vi.changes || vi.commands) {
            vi.recording.push(key);
        }
        if key.alt && matches!(key.code, Code::Char(_)) && self.search.is_none() {
            // Escape and a character, typed fast.
            self.vi_key(Key::plain(Code::Esc), around);
            return self.vi_key(Key { alt: false, ..key }, around);
        }
        if key.code == Code::Esc && self.search.is_none() && self.menu.is_none() {
            self.leave_insert();
            return Some(Step::On);
        }
        if !vi.commands || key.ctrl && key.code != Code::Char('r') || self.search.is_some() {
            return None;
        }
        let Code::Char(c) = key.code else { return None };
        if key.ctrl {
            self.buffer.redo();
            return Some(Step::On);
        }
        self.menu = None;
        let step = self.command(c, around);
        self.hold_in_line();
        self.end_command();
        Some(step)
    }

    /// After a command: if none is half typed, its keys are kept if it changed something.
    fn end_command(&mut self) {
        let Some(vi) = &mut self.vi else { return };
        if !vi.commands || vi.operator.is_some() || vi.begun.is_some() || vi.count.is_some() {
            return;
        }
        let keys = std::mem::take(&mut vi.recording);
        if std::mem::take(&mut vi.changes) && !vi.replays {
            vi.last = keys;
        }
    }

    fn leave_insert(&mut self) {
        let Some(vi) = &mut self.vi else { return };
        let was_inserting = !std::mem::replace(&mut vi.commands, true);
        (vi.count, vi.operator, vi.begun) = (None, None, None);
        let at = self.buffer.at();
        if was_inserting && self.buffer.line(at).start < at {
            self.buffer.go(self.buffer.left_of(at));
        }
        self.buffer.pause();
        self.end_command();
    }

    /// Commands leave the cursor on a character, not behind the last one of its line.
    fn hold_in_line(&mut self) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        if self.vi.as_ref().is_some_and(|vi| vi.commands) && at == line.end && at > line.start {
            self.buffer.stay_at(self.buffer.left_of(at));
        }
    }

    fn insert_from(&mut self, at: usize) {
        self.buffer.go(at);
        if let Some(vi) = &mut self.vi {
            (vi.commands, vi.changes) = (false, true);
        }
    }

    fn command(&mut self, c: char, around: &Around<'_>) -> Step {
        let Some(vi) = &mut self.vi else { return Step::On };
        if let Some(begun) = vi.begun.take() {
            self.finish_begun(begun, c);
            return Step::On;
        }
        if let Some(digit) = c.to_digit(10).filter(|digit| *digit > 0 || vi.count.is_some()) {
            vi.count = Some((vi.count.unwrap_or(0) * 10 + digit as usize).min(9999));
            return Step::On;
        }
        let awaits = matches!(c, 'f' | 'F' | 't' | 'T' | 'r' | 'g') || vi.operator.is_some() && matches!(c, 'i' | 'a');
        if awaits {
            vi.begun = Some(c);
            return Step::On;
        }
        let count = vi.count.take();
        if let Some((operator, times)) = vi.operator.take() {
            let times = times * count.unwrap_or(1);
            let span = match c {
                _ if c == operator => Some(self.whole_lines(times)),
                'w' | 'W' if operator == 'c' => Some(motion::change_word(&self.buffer, c, times)),
                _ => self.span(c, times, count.is_some()),
            };
            if let Some(span) = span {
                self.operate(operator, &span);
            }
            return Step::On;
        }
        match c {
            'd' | 'c' | 'y' | '<' | '>' => vi.operator = Some((c, count.unwrap_or(1))),
            'j' | 'k' => {
                let action = if c == 'j' { Action::Down } else { Action::Up };
                for _ in 0..count.unwrap_or(1) {
                    self.act(action, around);
                }
            }
            '/' | '?' => return self.act(Action::Search, around),
            'n' => return self.act(Action::OlderCell, around),
            'N' => return self.act(Action::NewerCell, around),
            'v' => return Step::EditElsewhere,
            'u' => self.buffer.undo(),
            '.' => self.repeat(around),
            _ => match self.span(c, count.unwrap_or(1), count.is_some()) {
                Some(span) => self.buffer.go(span.target),
                None => self.change(c, count.unwrap_or(1)),
            },
        }
        Step::On
    }

    /// The character that `f`, `r`, `g` or a text object waited for.
    fn finish_begun(&mut self, begun: char, c: char) {
        let Some(vi) = &mut self.vi else { return };
        let count = vi.count.take();
        let operator = vi.operator.take();
        let times = count.unwrap_or(1) * operator.map_or(1, |(_, times)| times);
        let span = match begun {
            'r' => return self.replace_chars(c, times),
            'g' if c == 'g' => Some(Span { target: 0, range: 0..self.buffer.at(), reach: Reach::Lines }),
            'g' => None,
            'i' | 'a' => motion::object(&self.buffer, c, begun == 'a'),
            _ => {
                let find = Find { kind: begun, wanted: c };
                vi.find = Some(find);
                motion::find(&self.buffer, find, times)
            }
        };
        match (span, operator) {
            (Some(span), Some((operator, _))) => self.operate(operator, &span),
            (Some(span), None) => self.buffer.go(span.target),
            (None, _) => {}
        }
    }

    /// Where a motion goes, and over what.
    fn span(&self, c: char, times: usize, counted: bool) -> Option<Span> {
        let find = self.vi.as_ref().and_then(|vi| vi.find);
        match (c, find) {
            (';', Some(find)) => motion::find(&self.buffer, find, times),
            (',', Some(find)) => motion::find(&self.buffer, find.reversed(), times),
            _ => motion::simple(&self.buffer, c, times, counted),
        }
    }

    fn whole_lines(&self, times: usize) -> Span {
        let line = self.buffer.line(self.buffer.at());
        let end = (1..times)
            .fold(line.end, |end, _| if end < self.buffer.text().len() { self.buffer.line(end + 1).end } else { end });
        Span { target: line.start, range: line.start..end, reach: Reach::Lines }
    }

    fn operate(&mut self, operator: char, span: &Span) {
        let mut range = span.range.clone();
        let text = self.buffer.text();
        if span.reach == Reach::Lines {
            range = self.buffer.line(range.start).start..self.buffer.line(range.end).end;
        } else if span.reach == Reach::Inclusive {
            range.end = self.buffer.right_of(range.end).max(range.end);
        }
        let mut piece = text[range.clone()].to_owned();
        if span.reach == Reach::Lines {
            piece.push('\n');
        }
        match operator {
            '<' | '>' => return self.shift(range, operator == '>'),
            'y' => {
                self.kills.put(piece);
                self.buffer.go(range.start);
                return;
            }
            _ => {}
        }
        self.kills.put(piece);
        self.changed();
        if operator == 'c' {
            // The line stays, with its indentation.
            let line = &self.buffer.text()[range.clone()];
            let blanks = if span.reach == Reach::Lines { line.len() - line.trim_start_matches(' ').len() } else { 0 };
            let start = range.start + blanks;
            self.buffer.cut(start..range.end);
            return self.insert_from(start);
        }
        if span.reach == Reach::Lines {
            // With the lines goes one end of a line.
            if range.end < self.buffer.text().len() {
                range.end += 1;
            } else if range.start > 0 {
                range.start -= 1;
            }
        }
        let start = range.start;
        self.buffer.cut(range);
        let line = self.buffer.line(start.min(self.buffer.text().len()));
        self.buffer.go(if span.reach == Reach::Lines { line.start } else { start });
    }

    fn changed(&mut self) {
        if let Some(vi) = &mut self.vi {
            vi.changes = true;
        }
    }

    fn shift(&mut self, lines: Range<usize>, deeper: bool) {
        self.changed();
        let shifted = self.buffer.text()[lines.clone()].split('\n').map(|line| match deeper {
            _ if line.is_empty() => String::new(),
            true => format!("    {line}"),
            false => line[(line.len() - line.trim_start_matches(' ').len()).min(4)..].to_owned(),
        });
        let shifted = shifted.collect::<Vec<_>>().join("\n");
        let start = lines.start;
        self.buffer.replace(lines, &shifted, Edit::Other);
        self.buffer.go(start + shifted.len() - shifted.trim_start_matches(' ').len());
    }

    /// Puts one character in place of others.
    fn replace_chars(&mut self, c: char, times: usize) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        let end = (0..times).fold(at, |end, _| self.buffer.right_of(end));
        if end <= line.end && end > at {
            self.changed();
            self.buffer.replace(at..end, &c.to_string().repeat(times), Edit::Other);
            self.buffer.go(self.buffer.left_of(self.buffer.at()));
        }
    }

    /// Commands that change the text, without a motion.
    fn change(&mut self, c: char, times: usize) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        let right = (0..times).fold(at, |end, _| self.buffer.right_of(end)).min(line.end);
        let to = |range: Range<usize>| Span { target: range.start, range, reach: Reach::Exclusive };
        match c {
            'i' => self.insert_from(at),
            'a' => self.insert_from(self.buffer.right_of(at).min(line.end)),
            'I' => {
                let text = &self.buffer.text()[line.clone()];
                self.insert_from(line.start + text.len() - text.trim_start().len());
            }
            'A' => self.insert_from(line.end),
            'o' => {
                self.insert_from(line.end);
                self.newline(false);
            }
            'O' => {
                let text = &self.buffer.text()[line.clone()];
                let blanks = " ".repeat(text.len() - text.trim_start_matches(' ').len());
                self.buffer.replace(line.start..line.start, &format!("{blanks}\n"), Edit::Other);
                self.insert_from(line.start + blanks.len());
            }
            'x' if right > at => self.operate('d', &to(at..right)),
            'X' if at > line.start => self.operate('d', &to(self.buffer.left_of(at)..at)),
            's' => self.operate('c', &to(at..right)),
            'S' => self.operate('c', &self.whole_lines(times)),
            'D' => self.operate('d', &to(at..line.end)),
            'C' => self.operate('c', &to(at..line.end)),
            'Y' => self.operate('y', &self.whole_lines(times)),
            'p' | 'P' => self.put(c == 'p', times),
            '~' if right > at => {
                let swap = |c: char| {
                    if c.is_uppercase() { c.to_lowercase().to_string() } else { c.to_uppercase().to_string() }
                };
                let swapped: String = self.buffer.text()[at..right].chars().map(swap).collect();
                self.changed();
                self.buffer.replace(at..right, &swapped, Edit::Other);
            }
            'J' if line.end < self.buffer.text().len() => {
                let next = &self.buffer.text()[line.end + 1..];
                let blanks = next.len() - next.trim_start_matches(' ').len();
                self.changed();
                self.buffer.replace(line.end..line.end + 1 + blanks, " ", Edit::Other);
                self.buffer.go(line.end);
            }
            _ => {}
        }
    }

    /// Puts in what was cut or copied last; whole lines as lines of their own.
    fn put(&mut self, behind: bool, times: usize) {
        let Some(text) = self.kills.newest().map(|text| text.repeat(times)) else { return };
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        self.changed();
        match text.strip_suffix('\n') {
            Some(lines) if behind => {
                self.buffer.replace(line.end..line.end, &format!("\n{lines}"), Edit::Other);
                self.buffer.go(line.end + 1);
            }
            Some(lines) => {
                self.buffer.replace(line.start..line.start, &format!("{lines}\n"), Edit::Other);
                self.buffer.go(line.start);
            }
            None => {
                let at = if behind { self.buffer.right_of(at).min(line.end) } else { at };
                self.buffer.replace(at..at, &text, Edit::Other);
                self.buffer.go(self.buffer.left_of(self.buffer.at()));
            }
        }
    }

    /// Does the last change once more.
    fn repeat(&mut self, around: &Around<'_>) {
        // A change that cannot be done here leaves its text behind as commands, this one perhaps among them.
        let Some(vi) = self.vi.as_mut().filter(|vi| !vi.replays) else { return };
        let keys = vi.last.clone();
        (vi.replays, vi.count) = (true, None);
        for key in keys {
            match (self.vi_key(key, around), key.code) {
                (None, Code::Char(c)) if !key.ctrl => self.type_char(c, around),
                (None, Code::Backspace) => self.backspace(),
                (None, Code::Enter) => self.newline(false),
                _ => {}
            }
        }
        if let Some(vi) = &mut self.vi {
            (vi.replays, vi.changes) = (false, false);
        }
    }
}
