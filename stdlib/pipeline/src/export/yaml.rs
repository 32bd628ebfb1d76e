//! A small writer of YAML: what it writes means the same to readers of YAML 1.1 and 1.2.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Text, quoted where a reader could take it for something else.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<Yaml>),
    /// A map, in this order.
    Map(Vec<(String, Yaml)>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Yaml {
        Yaml::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Yaml {
        Yaml::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Yaml {
        Yaml::Bool(value)
    }
}

impl From<i64> for Yaml {
    fn from(value: i64) -> Yaml {
        Yaml::Integer(value)
    }
}

impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Yaml {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<&toml::Value> for Yaml {
    fn from(value: &toml::Value) -> Yaml {
        match value {
            toml::Value::String(text) => Yaml::Text(text.clone()),
            toml::Value::Integer(number) => Yaml::Integer(*number),
            toml::Value::Float(number) => Yaml::Float(*number),
            toml::Value::Boolean(value) => Yaml::Bool(*value),
            toml::Value::Datetime(time) => Yaml::Text(time.to_string()),
            toml::Value::Array(items) => Yaml::List(items.iter().map(Yaml::from).collect()),
            toml::Value::Table(fields) => {
                Yaml::Map(fields.iter().map(|(name, field)| (name.clone(), field.into())).collect())
            }
        }
    }
}

impl Yaml {
    /// A map with these entries.
    pub fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
        Yaml::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The document.
    pub fn document(&self) -> String {
        let mut out = String::new();
        match self {
            Yaml::Map(entries) if !entries.is_empty() => write_map(entries, 0, &mut out),
            Yaml::List(items) if !items.is_empty() => write_list(items, 0, &mut out),
            other => {
                out.push_str(&other.inline());
                out.push('\n');
            }
        }
        out
    }

    /// What has no lines of its own.
    pub(super) fn inline(&self) -> String {
        match self {
            Yaml::Text(text) => text_of(text),
            Yaml::Integer(number) => number.to_string(),
            Yaml::Float(number) => float(*number),
            Yaml::Bool(value) => value.to_string(),
            Yaml::List(_) => "[]".to_owned(),
            Yaml::Map(_) => "{}".to_owned(),
        }
    }

    fn write(&self, indent: usize, out: &mut String) {
        match self {
            Yaml::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                write_map(entries, indent, out);
            }
            Yaml::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(items, indent, out);
            }
            Yaml::Text(text) if is_block(text) => {
                out.push_str(" |\n");
                for line in text.lines() {
                    out.push_str(&format!("{}{line}\n", " ".repeat(indent)));
                }
            }
            other => out.push_str(&format!(" {}\n", other.inline())),
        }
    }
}

fn write_map(entries: &[(String, Yaml)], indent: usize, out: &mut String) {
    for (name, value) in entries {
        out.push_str(&format!("{}{}:", " ".repeat(indent), text_of(name)));
        value.write(indent + 2, out);
    }
}

fn write_list(items: &[Yaml], indent: usize, out: &mut String) {
    for item in items {
        let mut inner = String::new();
        match item {
            Yaml::Map(entries) if !entries.is_empty() => write_map(entries, indent + 2, &mut inner),
            Yaml::List(items) if !items.is_empty() => write_list(items, indent + 2, &mut inner),
            other => {
                other.write(indent + 2, &mut inner);
                out.push_str(&format!("{}-{inner}", " ".repeat(indent)));
                continue;
            }
        }
        // The first line of what is in the item stands behind the dash.
        out.push_str(&format!("{}- {}", " ".repeat(indent), &inner[indent + 2..]));
    }
}

/// Lines that a literal block can hold as they are: each with text at its beginning, the last one ended.
fn is_block(text: &str) -> bool {
    let plain = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']) && line.chars().all(is_printable);
    text.ends_with('\n') && text.lines().count() > 1 && !text.contains('\r') && text.lines().all(plain)
}

/// Whether YAML lets a character stand in text, on the same line, in both of its versions.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// A number that is read as a float again, by YAML 1.1 as well, which wants a dot and a sign of the exponent.
fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() };
    }
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let dot = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{digits}{dot}e{sign}{exponent}")
        }
    }
}

/// Text as it is, or quoted.
fn text_of(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().all(is_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        let escaped: String = text.chars().map(escape).collect();
        format!("\"{escaped}\"")
    }
}

fn escape(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c if is_printable(c) => c.to_string(),
        c if (c as u32) < 0x100 => format!("\\x{:02x}", c as u32),
        c if (c as u32) < 0x1_0000 => format!("\\u{:04x}", c as u32),
        c => format!("\\U{:08x}", c as u32),
    }
}

/// Words that some reader takes for something else than text.
const RESERVED: [&str; 11] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"];

/// Whether text needs no quotes in a block: its beginning means nothing, it is no reserved word and no number, and there is
/// neither `: ` nor ` #` in it.
fn is_plain(text: &str) -> bool {
    let letter = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || "/_\\$".contains(c));
    let marked = ["./", "--", "-", "."].iter().find_map(|mark| text.strip_prefix(mark));
    let first = letter(text.trim_start_matches("../")) || marked.is_some_and(letter);
    let rest = text.chars().all(|c| (' '..='~').contains(&c));
    let meaning = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
    let bare = text.trim_start_matches(['-', '.']).to_ascii_lowercase();
    first && rest && !meaning && !RESERVED.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn back(yaml: &Yaml) -> Value {
        let text = yaml.document();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn documents_look_as_people_write_them() {
        let yaml = Yaml::map([
            ("on", Yaml::map([("push", Yaml::List(vec![])), ("paths", vec!["a/**", "b"].into())])),
            (
                "steps",
                Yaml::List(vec![
                    Yaml::map([("name", "Check".into()), ("run", "one\ntwo\n".into())]),
                    Yaml::List(vec![1.into(), Yaml::Float(2.0)]),
                    Yaml::Map(vec![]),
                ]),
            ),
        ]);
        let expected = "'on':\n  push: []\n  paths:\n    - a/**\n    - b\nsteps:\n  - name: Check\n    run: |\n      one\n      two\n  \
                        - - 1\n    - 2.0\n  - {}\n";
        assert_eq!(yaml.document(), expected);
        let value = json!({"on": {"push": [], "paths": ["a/**", "b"]},
            "steps": [{"name": "Check", "run": "one\ntwo\n"}, [1, 2.0], {}]});
        assert_eq!(back(&yaml), value);
    }

    #[test]
    fn text_stays_text() {
        for text in [
            "",
            " ",
            "yes",
            "No",
            "ON",
            "y",
            "null",
            "~",
            "1.0",
            "1_000",
            "0x1f",
            "1e3",
            ".5",
            "-1",
            "1:30",
            "2026-11-26",
            "a: b",
            "a #b",
            "#a",
            "- a",
            "-",
            "?",
            "a:",
            ":a",
            "{a}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a`",
            "'",
            "\"",
            "it's",
            "a\nb",
            "a\n",
            "\n",
            "a\n\nb\n",
            " a\nb\n",
            "a\tb",
            "a\r\n",
            "\u{7}",
            "ä",
            "€",
            "\u{85}",
            "\u{2028}",
            "\u{feff}a",
            "🚀",
            "a ",
            "true",
            ".nan",
            ".inf",
            "=",
            "<<",
            "a, b",
            "a:b",
            "a [b] {c}",
            "--only",
            "-p",
            "-inf",
            ".github",
            "-y",
            "- x",
            "--",
            "\\$x 'y' \"z\"",
            "a*b&c!d|e>f%g",
            "--- a",
            "...",
            "../x y",
            "\\${A:-b}",
            "null ",
        ] {
            let yaml = Yaml::Map(vec![(text.to_owned(), vec![text].into()), ("z".to_owned(), text.into())]);
            let expected = json!({text: [text], "z": text});
            assert_eq!(back(&yaml), expected, "{}", yaml.document());
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        for number in [0.0, 1.0, -0.5, 1e300, 1e-7, 5e-324, 123_456_789.25, 0.1] {
            assert_eq!(back(&vec![Yaml::Float(number)].into()), json!([number]), "{}", float(number));
        }
        assert_eq!(float(1e21), "1.0e+21");
        assert_eq!(float(1e-7), "1.0e-7");
        assert_eq!(back(&vec![i64::MIN, i64::MAX].into()), json!([i64::MIN, i64::MAX]));
    }
}
