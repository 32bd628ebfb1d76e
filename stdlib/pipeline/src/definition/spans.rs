//! On which line of a TOML text a field is.

use toml::de::{DeTable, DeValue};

/// A step on the way to a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// The field of a table.
    Key(&'a str),
    /// The element of a list.
    At(usize),
}

/// The way as it is written: `stages[2].inputs[0].from`.
pub(super) fn written(way: &[Step<'_>]) -> String {
    let mut out = String::new();
    for step in way {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Step::At(at) => out.push_str(&format!("[{at}]")),
        }
    }
    out
}

/// The line, from 1, of a byte.
pub(super) fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// The line, from 1, of a field, or of the nearest table around it that is written.
pub(super) fn line(text: &str, way: &[Step<'_>]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = Some(document.get_ref());
    let mut list = None;
    let mut found = None;
    for step in way {
        let value = match step {
            Step::Key(key) => table.and_then(|table| table.get(*key)),
            Step::At(at) => list.and_then(|list: &toml::de::DeArray<'_>| list.get(*at)),
        };
        let Some(value) = value else { break };
        found = Some(value.span().start);
        (table, list) = match value.get_ref() {
            DeValue::Table(inner) => (Some(inner), None),
            DeValue::Array(inner) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    found.map(|byte| line_of(text, byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_lines() {
        let text = "name = \"a\"\n\n[[stages]]\nname = \"x\"\n\n[[stages]]\nname = \"y\"\ninputs = [\n  { name = \"q\" },\n]\n";
        let way = [Step::Key("stages"), Step::At(1), Step::Key("inputs"), Step::At(0), Step::Key("name")];
        assert_eq!(line(text, &way), Some(9));
        assert_eq!(line(text, &way[..2]), Some(6));
        assert_eq!(line(text, &[Step::Key("stages"), Step::At(1), Step::Key("missing")]), Some(6));
        assert_eq!(line(text, &[Step::Key("missing")]), None);
        assert_eq!(written(&way), "stages[1].inputs[0].name");
    }
}
