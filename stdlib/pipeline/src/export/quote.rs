//! Text inside of the languages of other tools.

/// A text as a word of a shell.
pub(super) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A text as a literal of Python.
pub(super) fn python(text: &str) -> String {
    // JSON's escapes are Python's, as long as none is a half of a surrogate pair; serde_json writes none of these.
    serde_json::Value::from(text).to_string()
}

/// A value as a literal of Python.
pub(super) fn python_value(value: &toml::Value) -> String {
    match value {
        toml::Value::Boolean(true) => "True".to_owned(),
        toml::Value::Boolean(false) => "False".to_owned(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) if number.is_finite() => format!("{number:?}"),
        toml::Value::Float(number) => format!("float(\"{number}\")"),
        toml::Value::String(text) => python(text),
        other => python(&other.to_string()),
    }
}

/// Text for a comment: one line for every reader.
pub(super) fn line(text: &str) -> String {
    text.replace(|c: char| c.is_control() || "\u{2028}\u{2029}\u{feff}".contains(c), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        assert_eq!(shell("outputs/read/flights"), "outputs/read/flights");
        assert_eq!(shell("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn literals_of_python() {
        assert_eq!(python("a \"b\"\n\\ ä"), "\"a \\\"b\\\"\\n\\\\ ä\"");
        assert_eq!(python_value(&true.into()), "True");
        assert_eq!(python_value(&toml::Value::Float(1e-7)), "1e-7");
        assert_eq!(python_value(&toml::Value::Float(2.0)), "2.0");
    }
}
