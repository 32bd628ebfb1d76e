//! The first rows of files. Text is cut as it stands, so that whoever reads it with options of his own can read the sample.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// Writes the first rows of the first file to the second one; whether there were more.
pub type FileSampler = fn(&Path, &Path, usize) -> io::Result<bool>;

static SAMPLERS: RwLock<BTreeMap<&'static str, FileSampler>> = RwLock::new(BTreeMap::new());

/// Registers how files with an ending (in small letters) are cut, for those that are no text.
pub fn register_file_sampler(ending: &'static str, sampler: FileSampler) {
    SAMPLERS.write().unwrap_or_else(PoisonError::into_inner).insert(ending, sampler);
}

/// What came of cutting a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Its first rows.
    First,
    /// All of it: it has no more rows than that, or none that are known.
    Whole,
    /// Nothing: its sample would be larger than it may.
    TooLarge,
}

/// Writes the first `rows` rows of a file to another one, of at most `most` bytes.
pub(super) fn cut(from: &Path, to: &Path, rows: usize, most: u64) -> io::Result<Cut> {
    let ending = from.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let read = || File::open(from).map(|file| BufReader::with_capacity(1 << 16, file));
    let text = match ending.as_str() {
        // A line of names stands before them.
        "csv" | "tsv" => first(&mut read()?, &mut Lines::of_table(rows.saturating_add(1)), most)?,
        "txt" | "jsonl" | "ndjson" => first(&mut read()?, &mut Lines::new(rows), most)?,
        "json" if starts_as_list(&mut read()?)? => first(&mut read()?, &mut List::new(rows), most)?,
        "json" if is_line_of_json(&mut read()?)? => first(&mut read()?, &mut Lines::new(rows), most)?,
        _ => return other(from, to, rows, (&ending, most)),
    };
    match text {
        None => Ok(Cut::TooLarge),
        Some((bytes, cut)) => fs::write(to, bytes).map(|()| if cut { Cut::First } else { Cut::Whole }),
    }
}

fn other(from: &Path, to: &Path, rows: usize, (ending, most): (&str, u64)) -> io::Result<Cut> {
    let sampler = SAMPLERS.read().unwrap_or_else(PoisonError::into_inner).get(ending).copied();
    let cut = match sampler {
        Some(sampler) => sampler(from, to, rows)?,
        None if fs::metadata(from)?.len() > most => return Ok(Cut::TooLarge),
        None => fs::copy(from, to).map(|_| false)?,
    };
    match (fs::metadata(to)?.len() > most, cut) {
        (true, _) => Ok(Cut::TooLarge),
        (false, true) => Ok(Cut::First),
        (false, false) => Ok(Cut::Whole),
    }
}

/// Where text ends.
trait End {
    /// Looks at the next byte.
    fn see(&mut self, byte: u8) -> Seen;
    /// What closes a text that was cut.
    fn close(&self) -> &'static [u8] {
        b""
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    GoOn,
    EndsBehind,
    EndsBefore,
}

/// The text up to its end, and whether more comes behind it; none where it would be longer than `most` bytes.
fn first(from: &mut impl BufRead, end: &mut dyn End, most: u64) -> io::Result<Option<(Vec<u8>, bool)>> {
    let mut out = Vec::new();
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            return Ok(Some((out, false)));
        }
        for (at, byte) in chunk.iter().enumerate() {
            let upto = match end.see(*byte) {
                Seen::GoOn => continue,
                Seen::EndsBehind => at + 1,
                Seen::EndsBefore => at,
            };
            out.extend_from_slice(&chunk[..upto]);
            from.consume(upto);
            let more = !from.fill_buf()?.is_empty();
            if more {
                out.extend_from_slice(end.close());
            }
            return Ok((out.len() as u64 <= most).then_some((out, more)));
        }
        out.extend_from_slice(chunk);
        let len = chunk.len();
        from.consume(len);
        if out.len() as u64 > most {
            return Ok(None);
        }
    }
}

/// Lines, or records of a table, which go on over several lines in quotes.
struct Lines {
    left: usize,
    table: bool,
    quoted: bool,
}

impl Lines {
    fn new(left: usize) -> Lines {
        Lines { left, table: false, quoted: false }
    }

    fn of_table(left: usize) -> Lines {
        Lines { left, table: true, quoted: false }
    }
}

impl End for Lines {
    fn see(&mut self, byte: u8) -> Seen {
        match byte {
            b'"' if self.table => self.quoted = !self.quoted,
            b'\n' if !self.quoted => self.left = self.left.saturating_sub(1),
            _ => return Seen::GoOn,
        }
        if self.left == 0 { Seen::EndsBehind } else { Seen::GoOn }
    }
}

/// Entries of a JSON list.
struct List {
    left: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl List {
    fn new(rows: usize) -> List {
        List { left: rows, depth: 0, in_text: false, escaped: false }
    }
}

impl End for List {
    fn see(&mut self, byte: u8) -> Seen {
        if self.in_text {
            self.in_text = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return Seen::GoOn;
        }
        match byte {
            b'"' => self.in_text = true,
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth == 1 => self.left = self.left.saturating_sub(1),
            _ => return Seen::GoOn,
        }
        if self.left == 0 { Seen::EndsBefore } else { Seen::GoOn }
    }

    fn close(&self) -> &'static [u8] {
        b"]\n"
    }
}

fn starts_as_list(from: &mut impl BufRead) -> io::Result<bool> {
    let start = from.fill_buf()?;
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    Ok(start.trim_ascii_start().first() == Some(&b'['))
}

/// Whether the first line is JSON of its own, so that each is.
fn is_line_of_json(from: &mut impl BufRead) -> io::Result<bool> {
    let start = from.fill_buf()?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
    Ok(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, rows: usize, (wanted, left): (Cut, &str)) {
        let desk = tempfile::tempdir().unwrap();
        let (from, to) = (desk.path().join(name), desk.path().join("out"));
        fs::write(&from, text).unwrap();
        let cut = cut(&from, &to, rows, 64).unwrap();
        assert_eq!((cut, fs::read_to_string(&to).unwrap_or_default().as_str()), (wanted, left));
    }

    #[test]
    fn tables_are_cut_behind_a_record() {
        check("a.csv", "a,b\n1,2\n3,4\n", 1, (Cut::First, "a,b\n1,2\n"));
        check("a.CSV", "a,b\n1,\"2\n\"\"\n\"\n3,4", 1, (Cut::First, "a,b\n1,\"2\n\"\"\n\"\n"));
        check("a.csv", "a,b\n1,2\n3,4", 2, (Cut::Whole, "a,b\n1,2\n3,4"));
        check("a.csv", "a,b\n1,2\n", 1, (Cut::Whole, "a,b\n1,2\n"));
        check("a.csv", &"x".repeat(65), 1, (Cut::TooLarge, ""));
    }

    #[test]
    fn lists_and_lines_of_json_are_cut_behind_an_entry() {
        let list = "[{\"a\": [1, 2], \"b\": \"],\\\"[\"}, {\"a\": 3}, 4]";
        check("a.json", list, 1, (Cut::First, "[{\"a\": [1, 2], \"b\": \"],\\\"[\"}]\n"));
        check("a.json", list, 2, (Cut::First, "[{\"a\": [1, 2], \"b\": \"],\\\"[\"}, {\"a\": 3}]\n"));
        check("a.json", list, 3, (Cut::Whole, list));
        check("a.json", "{\"a\": 1}\n{\"a\": 2}\n", 1, (Cut::First, "{\"a\": 1}\n"));
        check("a.jsonl", "{\"a\": \"\\\"\"}\n{\"a\": 2}\n", 1, (Cut::First, "{\"a\": \"\\\"\"}\n"));
        check("a.json", "{\n\"a\": 1}\n", 1, (Cut::Whole, "{\n\"a\": 1}\n"));
    }

    #[test]
    fn other_files_are_whole_or_cut_by_who_knows_them() {
        check("a.bin", "\n\n\n", 1, (Cut::Whole, "\n\n\n"));
        check("a.bin", &"x".repeat(65), 1, (Cut::TooLarge, ""));
        register_file_sampler("test-rows", |from, to, rows| {
            let text = fs::read(from)?;
            fs::write(to, &text[..rows]).map(|()| text.len() > rows)
        });
        check("a.test-rows", "abc", 2, (Cut::First, "ab"));
    }
}
