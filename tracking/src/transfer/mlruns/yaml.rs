//! YAML that MLflow's reader (of YAML 1.1) takes for what was meant: texts are always quoted.

use serde_json::Value;
use std::fmt::Write;

/// A mapping in block style, a line per name, in the order of the names.
pub(super) fn mapping(fields: &[(&str, Value)]) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| *name);
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(text, "{name}: ");
        put(&mut text, value);
        text.push('\n');
    }
    text
}

/// The same for an object whose names come from elsewhere.
pub(super) fn object(fields: &serde_json::Map<String, Value>) -> String {
    let fields: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    mapping(&fields)
}

fn put(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => put_number(text, number),
        Value::String(plain) => quote(text, plain),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                put(text, item);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (at, (name, item)) in fields.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                quote(text, name);
                text.push_str(": ");
                put(text, item);
            }
            text.push('}');
        }
    }
}

/// Fractions have a point, and exponents a sign: without them they would be texts.
fn put_number(text: &mut String, number: &serde_json::Number) {
    let plain = number.to_string();
    if number.is_i64() || number.is_u64() {
        text.push_str(&plain);
        return;
    }
    let (mantissa, exponent) = plain.split_once(['e', 'E']).map_or((plain.as_str(), None), |(m, e)| (m, Some(e)));
    text.push_str(mantissa);
    if !mantissa.contains('.') {
        text.push_str(".0");
    }
    if let Some(exponent) = exponent {
        let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
        let _ = write!(text, "e{sign}{exponent}");
    }
}

fn quote(text: &mut String, plain: &str) {
    text.push('"');
    for c in plain.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            // What YAML does not print, and what it takes for the end of a line.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
                || u32::from(c) == 0xfffe
                || u32::from(c) == 0xffff =>
            {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let value = json!({ "b": "yes: \"no\"\n\u{85}\u{7f} ✈ \u{1f600}", "a": [1, 0.5, null, true, { "k": "1e5" }], "c": "00" });
        let text = object(value.as_object().unwrap());
        assert!(text.starts_with("a: [1, 0.5, null, true, {\"k\": \"1e5\"}]\nb: "), "{text}");
        let back: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, value);
    }

    #[test]
    fn numbers_have_points_and_signs() {
        let mut text = String::new();
        for value in [json!(1e-7), json!(1e20), json!(2.5), json!(3)] {
            put(&mut text, &value);
            text.push(' ');
        }
        assert_eq!(text, "1.0e-7 1.0e+20 2.5 3 ");
    }
}
