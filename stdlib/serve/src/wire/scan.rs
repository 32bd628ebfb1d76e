//! JSON read piece by piece from bytes, without a tree: tables go straight into columns.

use std::borrow::Cow;

/// Lists and objects within each other that are passed over; deeper ones are refused.
const DEPTH: usize = 128;

/// What is no JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Number of the byte, from 0.
    pub(crate) at: usize,
    /// What was expected there.
    pub(crate) expected: &'static str,
}

/// A value that is no list and no object; of those it is said that they are there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Array,
    Object,
}

/// A place in a text of JSON.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, Malformed>;

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Scan { text, at: 0 }
    }

    /// Number of the byte that is read next.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Bytes of the whole text.
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    /// The same text from another place.
    pub(crate) fn moved(&self, at: usize) -> Self {
        Scan { text: self.text, at }
    }

    pub(crate) fn malformed<T>(&self, expected: &'static str) -> Read<T> {
        Err(Malformed { at: self.at, expected })
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The next byte that is no blank, without passing it; 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && self.at < self.text.len();
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Read<()> {
        if self.take(byte) { Ok(()) } else { self.malformed(expected) }
    }

    /// Nothing but blanks is left.
    pub(crate) fn end(&mut self) -> Read<()> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { self.malformed("the end of the text") }
    }

    /// Before each element of a list, whose `[` was passed: whether there is one more. `first` is true once.
    #[inline]
    pub(crate) fn more(&mut self, first: &mut bool) -> Read<bool> {
        if self.take(b']') {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',', "`,` or `]`")?;
        }
        Ok(true)
    }

    /// Before each field of an object, whose `{` was passed: the name of the next one. `first` is true once.
    #[inline]
    pub(crate) fn field(&mut self, first: &mut bool) -> Read<Option<Cow<'a, str>>> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !std::mem::take(first) {
            self.expect(b',', "`,` or `}`")?;
        }
        if self.peek() != b'"' {
            return self.malformed("the name of a field in quotes");
        }
        let name = self.string()?;
        self.expect(b':', "`:`")?;
        Ok(Some(name))
    }

    /// A text, whose opening quote comes next.
    pub(crate) fn string(&mut self) -> Read<Cow<'a, str>> {
        self.expect(b'"', "a text in quotes")?;
        let (bytes, start) = (self.bytes(), self.at);
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
                }
                Some(b'\\') => return self.escaped(start).map(Cow::Owned),
                Some(0..=31) => return self.malformed("a text without control characters"),
                Some(_) => self.at += 1,
                None => return self.malformed("the quote that ends the text"),
            }
        }
    }

    /// The rest of a text with escapes, from the first one on.
    fn escaped(&mut self, start: usize) -> Read<String> {
        let mut out = self.text[start..self.at].to_owned();
        loop {
            let from = self.at;
            while matches!(self.bytes().get(self.at), Some(byte) if !matches!(byte, b'"' | b'\\' | 0..=31)) {
                self.at += 1;
            }
            out.push_str(&self.text[from..self.at]);
            match self.bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return self.malformed("a text without control characters"),
                None => return self.malformed("the quote that ends the text"),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let byte = self.bytes().get(self.at).copied().unwrap_or(0);
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return self.malformed("an escape: one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// After `\`: `uXXXX`, for characters beyond 16 bits followed by another `\uXXXX`.
    fn unicode(&mut self) -> Read<char> {
        let start = self.at;
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if self.bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                return self.malformed("the second half of a character");
            }
            self.at += 1;
            let second = self.hex()?;
            0x10000
                + ((first - 0xd800) << 10)
                + second.checked_sub(0xdc00).filter(|low| *low < 0x400).unwrap_or(!0 >> 1)
        } else {
            first
        };
        char::from_u32(code).ok_or(Malformed { at: start, expected: "a character" })
    }

    fn hex(&mut self) -> Read<u32> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.malformed("four hexadecimal digits");
        };
        self.at += 4;
        Ok(code)
    }

    /// Any value; of a list or an object only its kind, and nothing of it is passed.
    #[inline]
    pub(crate) fn scalar(&mut self) -> Read<Scalar<'a>> {
        match self.peek() {
            b'"' => self.string().map(Scalar::Text),
            b'-' | b'0'..=b'9' => self.number().map(Scalar::Number),
            b'[' => Ok(Scalar::Array),
            b'{' => Ok(Scalar::Object),
            _ => self.word(),
        }
    }

    /// `NaN` and `Infinity` are no JSON; Python's `json` writes and reads them.
    fn word(&mut self) -> Read<Scalar<'a>> {
        let rest = &self.bytes()[self.at..];
        let words: [(&[u8], Scalar<'a>); 5] = [
            (b"null", Scalar::Null),
            (b"true", Scalar::Bool(true)),
            (b"false", Scalar::Bool(false)),
            (b"NaN", Scalar::Number(f64::NAN)),
            (b"Infinity", Scalar::Number(f64::INFINITY)),
        ];
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.malformed("a value")
    }

    fn number(&mut self) -> Read<f64> {
        let (bytes, start) = (self.bytes(), self.at);
        let negative = bytes[start] == b'-';
        self.at += usize::from(negative);
        if negative && bytes[self.at..].starts_with(b"Infinity") {
            self.at += "Infinity".len();
            return Ok(f64::NEG_INFINITY);
        }
        let first = self.at;
        let mut whole = 0u64;
        while let Some(digit @ b'0'..=b'9') = bytes.get(self.at) {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 {
            return self.malformed("a digit");
        }
        if digits > 1 && bytes[first] == b'0' {
            self.at = first + 1;
            return self.malformed("a number without zeros before it");
        }
        if !matches!(bytes.get(self.at), Some(b'.' | b'e' | b'E')) && digits <= 15 {
            // Up to 15 digits are exact.
            let value = whole as f64;
            return Ok(if negative { -value } else { value });
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        match self.text[start..self.at].parse() {
            Ok(number) => Ok(number),
            Err(_) => self.malformed("a number"),
        }
    }

    fn digits(&mut self) -> Read<()> {
        let from = self.at;
        while matches!(self.bytes().get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { self.malformed("a digit") }
    }

    /// Passes over a value, whatever it is.
    pub(crate) fn skip(&mut self) -> Read<()> {
        // A bit of each open one: whether it is an object; and whether it is at its start.
        let mut open: Vec<(bool, bool)> = Vec::new();
        loop {
            match self.scalar()? {
                Scalar::Array => {
                    self.at += 1;
                    open.push((false, true));
                }
                Scalar::Object => {
                    self.at += 1;
                    open.push((true, true));
                }
                _ => {}
            }
            if open.len() > DEPTH {
                return self.malformed("fewer lists within lists");
            }
            // Closes what ends here, up to the place of the next value.
            loop {
                let Some((object, first)) = open.last_mut() else { return Ok(()) };
                let next = if *object { self.field(first)?.is_some() } else { self.more(first)? };
                if next {
                    break;
                }
                open.pop();
            }
        }
    }

    /// Enters a list, if one comes next.
    pub(crate) fn enter_array(&mut self) -> bool {
        self.take(b'[')
    }

    /// Enters an object, if one comes next.
    pub(crate) fn enter_object(&mut self) -> bool {
        self.take(b'{')
    }
}

/// Line and column, from 1, of a byte.
pub(crate) fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // Characters, not bytes: those that continue one are not counted.
    let column = before[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Read<()> {
        let mut scan = Scan::new(text);
        scan.skip()?;
        scan.end()
    }

    /// What `serde_json` says too; it knows no NaN.
    #[test]
    fn takes_and_refuses_what_json_is() {
        let good = [
            "null",
            "true",
            " [ ] ",
            "{}",
            "[1,2.5,-0,1e3,1E-2,0.5e+3]",
            r#"{"a":{"b":[{}]},"c":"x\u00e9\ud83d\ude00\n"}"#,
            "123456789012345678901234567890",
            "-1.5",
            "\"\"",
            "[[],[[]],{\"\":null}]",
            "1e400",
            "0",
        ];
        for text in good {
            assert_eq!(whole(text), Ok(()), "{text}");
        }
        let bad = [
            "",
            " ",
            "nul",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\ud83d\"",
            "\"\\ud83dx\"",
            "\"\\ud83d\\u0041\"",
            "\"\\udc00\"",
            "\"a\nb\"",
            "[",
            "{",
            "[1}",
            "{\"a\":1]",
            "1 1",
            "+1",
            "\u{feff}1",
            "[1,2",
            "--1",
            "1e+",
            "tru",
            "\"\\",
            "\"\\u",
            "\"\\ud83d\\u",
            "-x",
            "{\"a\"1}",
        ];
        for text in bad {
            assert!(whole(text).is_err(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err() || text == "1 1", "{text}");
        }
        assert!(whole(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn values_are_those_of_serde() {
        for text in
            ["0", "-0", "1", "-17", "123456789012345", "1234567890123456789", "0.1", "1e308", "-2.5e-3", "1e400"]
        {
            let expected: f64 = text.parse().unwrap();
            let Scalar::Number(found) = Scan::new(text).scalar().unwrap() else { panic!("{text}") };
            assert_eq!(found.to_bits(), expected.to_bits(), "{text}");
        }
        let text = r#""a\"\\\/\b\f\n\r\tz\u00e9\ud83d\ude00""#;
        let expected: String = serde_json::from_str(text).unwrap();
        assert_eq!(Scan::new(text).string().unwrap(), expected);
        assert!(matches!(Scan::new("NaN").scalar().unwrap(), Scalar::Number(nan) if nan.is_nan()));
        assert_eq!(Scan::new("-Infinity").scalar().unwrap(), Scalar::Number(f64::NEG_INFINITY));
    }

    #[test]
    fn a_place_is_a_line_and_a_column() {
        assert_eq!(position(b"abc", 0), (1, 1));
        assert_eq!(position("{\n\"é\": x".as_bytes(), 8), (2, 6));
        assert_eq!(position(b"ab", 99), (1, 3));
    }
}
