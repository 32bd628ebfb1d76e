//! Tables in CSV: names in the first line, a row in each further one.

use super::Unreadable;
use super::{Read, form};
use crate::contract::{Cell, Contract, Reader, Rows};
use std::borrow::Cow;

/// Texts that mean that there is no value, as for pandas.
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "nan", "null",
];

/// Reads a table; fields may be in quotes, in which two quotes stand for one.
pub(crate) fn read(text: &str, contract: &Contract) -> Read<Rows> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut fields = Vec::new();
    if !lines.next(&mut fields)? {
        return form("The input has no line with the names of columns.");
    }
    let mut reader = Reader::new(contract);
    let places = reader.header(fields.iter().map(|name| Cow::Borrowed(&**name)));
    while lines.next(&mut fields)? {
        if fields.len() != places.len() {
            let (line, found, expected) = (lines.line - 1, fields.len(), places.len());
            return form(format!("Line {line} of the CSV has {found} fields, expected {expected}."));
        }
        reader.begin();
        for (field, place) in fields.iter().zip(&places) {
            if let Some(feature) = place {
                let missing = MISSING.contains(&field.trim());
                let cell = if missing { Cell::Missing } else { Cell::Written(field) };
                reader.set(*feature, &cell);
            }
        }
    }
    reader.finish().map_err(Unreadable::Fields)
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// Passes lines of blanks alone, which are no rows, as for pandas. A row of one value that is missing is written `""`.
    fn skip_blank(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => {
                    at += usize::from(*byte == b'\r' && bytes.get(at) == Some(&b'\n'));
                    self.at = at;
                    self.line += 1;
                }
                _ => return,
            }
        }
        self.at = at;
    }

    /// The fields of the next line, if there is one.
    fn next(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Read<bool> {
        fields.clear();
        self.skip_blank();
        if self.at >= self.text.len() {
            return Ok(false);
        }
        let bytes = self.text.as_bytes();
        loop {
            let field = if bytes.get(self.at) == Some(&b'"') { self.quoted()? } else { self.plain() };
            fields.push(field);
            match bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'\r') if bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2;
                    break;
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => break,
            }
        }
        self.line += 1;
        Ok(true)
    }

    fn plain(&mut self) -> Cow<'a, str> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let length = rest.iter().position(|byte| matches!(byte, b',' | b'\n' | b'\r')).unwrap_or(rest.len());
        self.at += length;
        Cow::Borrowed(&self.text[start..self.at])
    }

    fn quoted(&mut self) -> Read<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let (start, line) = (self.at + 1, self.line);
        let mut doubled = false;
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'"') if bytes.get(self.at + 1) == Some(&b'"') => {
                    doubled = true;
                    self.at += 2;
                }
                Some(b'"') => break,
                Some(byte) => {
                    self.line += usize::from(*byte == b'\n');
                    self.at += 1;
                }
                None => return form(format!("The quote in line {line} of the CSV is not closed.")),
            }
        }
        let inner = &self.text[start..self.at];
        self.at += 1;
        if !matches!(bytes.get(self.at), None | Some(b',' | b'\n' | b'\r')) {
            return form(format!("A field in line {line} of the CSV goes on behind its quote."));
        }
        Ok(if doubled { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<String>> {
        let mut lines = Lines { text, at: 0, line: 1 };
        let (mut fields, mut out) = (Vec::new(), Vec::new());
        while lines.next(&mut fields).unwrap() {
            out.push(fields.iter().map(|field| field.to_string()).collect());
        }
        out
    }

    /// What pandas 2 reads of the same texts.
    #[test]
    fn blank_lines_are_no_rows() {
        assert_eq!(lines("x\n1\n\n2\n\n"), [["x"], ["1"], ["2"]]);
        assert_eq!(lines("\n\r\nx\n1\n \t"), [["x"], ["1"]]);
        assert_eq!(lines("x\n1\n\"\"\n2"), [["x"], ["1"], [""], ["2"]]);
        assert_eq!(lines("a,b\n1,2\n   \n,\n"), [vec!["a", "b"], vec!["1", "2"], vec!["", ""]]);
        assert!(lines("\n \n").is_empty() && lines("").is_empty());
    }

    #[test]
    fn fields_and_quotes() {
        assert_eq!(
            lines("a,b\n1,\"x, \"\"y\"\"\nz\"\r\n,\n"),
            [vec!["a", "b"], vec!["1", "x, \"y\"\nz"], vec!["", ""]]
        );
        assert_eq!(lines("a"), [["a"]]);
        for wrong in ["\"a", "\"a\"b", "x\n\"a,b"] {
            let mut lines = Lines { text: wrong, at: 0, line: 1 };
            let mut fields = Vec::new();
            let refused = (0..3).any(|_| lines.next(&mut fields).is_err());
            assert!(refused, "{wrong}");
        }
    }
}
