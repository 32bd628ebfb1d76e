//! The records of CSV files with their lines: slower than the parser of polars, and for its failures only.

use std::io::Read;
use std::ops::Range;

/// Number of the line that holds the byte at `at`.
pub(crate) fn line_of(bytes: &[u8], at: usize) -> u64 {
    1 + bytes[..at].iter().filter(|&&b| b == b'\n').count() as u64
}

/// A field without its quotes.
pub(crate) fn field_text(bytes: &[u8], field: &Range<usize>) -> String {
    let text = String::from_utf8_lossy(&bytes[field.clone()]);
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.map_or_else(|| text.to_string(), |t| t.replace("\"\"", "\""))
}

/// One record: a line, or several where a quoted field holds line breaks.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Line it begins in, from 1.
    pub line: u64,
    /// Where its fields lie.
    pub fields: Vec<Range<usize>>,
    /// Whether the file ends inside of a quoted field.
    pub open_quote: bool,
    /// Line of the latest quote.
    pub open_line: u64,
}

/// The records of a CSV file that are not blank.
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    separator: u8,
    at: usize,
    line: u64,
}

impl<'a> Records<'a> {
    pub fn new(bytes: &'a [u8], separator: u8) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Records { bytes, separator, at, line: 1 }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.at < self.bytes.len() {
            let (start, line) = (self.at, self.line);
            let (mut fields, mut from, mut quoted, mut open_line) = (Vec::new(), start, false, line);
            let end = loop {
                match self.bytes.get(self.at) {
                    None => break self.at,
                    Some(b'"') => {
                        quoted = !quoted;
                        open_line = self.line;
                    }
                    Some(b'\n') => {
                        self.line += 1;
                        if !quoted {
                            break self.at;
                        }
                    }
                    Some(&b) if b == self.separator && !quoted => {
                        fields.push(from..self.at);
                        from = self.at + 1;
                    }
                    Some(_) => {}
                }
                self.at += 1;
            };
            self.at = end + 1;
            let end = if end > from && self.bytes[end - 1] == b'\r' { end - 1 } else { end };
            if end > start {
                fields.push(from..end);
                return Some(Record { line, fields, open_quote: quoted, open_line });
            }
        }
        None
    }
}

/// What is wrong with a file that parsed nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A record with another number of fields than expected.
    Uneven { line: u64, found: usize },
    /// A quote that is never closed, and so takes in all that follows.
    OpenQuote { line: u64 },
}

/// Whether bytes begin like gzip, zlib or zstd.
pub(crate) fn packed(bytes: &[u8]) -> bool {
    let zlib = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    zlib || bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

/// What a look at the records of a text finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The first flaw.
    pub flaw: Option<Flaw>,
    /// Numbers of the rows below the first record that are blank lines.
    pub blank: Vec<usize>,
}

/// Looks at records that should have `expected` fields, in one pass over the text; finds nothing in packed files.
pub(crate) fn survey(mut text: impl Read, separator: u8, expected: usize) -> Survey {
    let mut block = vec![0; 1 << 18];
    let (mut line, mut start, mut found, mut quoted, mut blank, mut first) = (1, 1, 1, false, true, true);
    let (mut quote, mut records, mut survey) = (1, 0, Survey::default());
    loop {
        let Ok(n) = text.read(&mut block) else { return survey };
        if first && packed(&block[..n]) {
            return survey;
        }
        first = false;
        if n == 0 {
            survey.flaw = match quoted {
                true => Some(Flaw::OpenQuote { line: quote }),
                false => (!blank && found != expected).then_some(Flaw::Uneven { line: start, found }),
            };
            return survey;
        }
        for &byte in &block[..n] {
            match byte {
                b'\n' => {
                    line += 1;
                    if !quoted {
                        if !blank && found != expected {
                            survey.flaw = Some(Flaw::Uneven { line: start, found });
                            return survey;
                        }
                        // Blank lines before the header are no rows.
                        if blank && records > 0 {
                            survey.blank.push(records - 1);
                        }
                        records += usize::from(!blank || records > 0);
                        (start, found, blank) = (line, 1, true);
                    }
                }
                b'\r' => {}
                b'"' => (quoted, blank, quote) = (!quoted, false, line),
                _ => {
                    blank = false;
                    found += usize::from(byte == separator && !quoted);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_know_lines_quotes_and_blank_lines() {
        let text = b"a,b\r\n\"x\ny\",1\r\n\r\n2,\"q\"\"r,\"\n3";
        let records: Vec<(u64, Vec<String>)> = Records::new(text, b',')
            .map(|r| (r.line, r.fields.iter().map(|f| field_text(text, f)).collect()))
            .collect();
        let expect = |line, fields: &[&str]| (line, fields.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            records,
            [expect(1, &["a", "b"]), expect(2, &["x\ny", "1"]), expect(5, &["2", "q\"r,"]), expect(6, &["3"])]
        );
    }

    #[test]
    fn flaws_are_found_across_blocks() {
        let find = |text: &str| survey(text.as_bytes(), b',', 2).flaw;
        assert_eq!(find("a,b\n1,2\r\n\r\n\"x,\n\",4\n"), None);
        assert_eq!(find("a,b\n\"x\ny\",1,2\n"), Some(Flaw::Uneven { line: 2, found: 3 }));
        assert_eq!(find("a,b\n3"), Some(Flaw::Uneven { line: 2, found: 1 }));
        let long = "1,2\n".repeat(100_000) + "3\n";
        assert_eq!(find(&long), Some(Flaw::Uneven { line: 100_001, found: 1 }));
        assert_eq!(survey(&b"\x1f\x8b,,,"[..], b',', 2), Survey::default());
        assert_eq!(survey(&b"\n\na,b\n\n1,2\r\n\r\n,\n\n"[..], b',', 2).blank, [0, 2, 4]);
        assert_eq!(find("a,b\n1,2\n3,\"4\n5,6\n"), Some(Flaw::OpenQuote { line: 3 }));
    }
}
