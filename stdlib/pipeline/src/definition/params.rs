//! Which types parameters have, and which values those take.

use super::Param;
use toml::Value;

/// What values of a parameter look like outside of Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Float,
    /// `true` or `false`.
    Bool,
    /// Text; a `char` is text of one character.
    Text,
}

impl Param {
    /// What its values look like; none for a type that a parameter cannot have.
    pub fn kind(&self) -> Option<ParamKind> {
        Some(match self.type_name.as_str() {
            "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
                ParamKind::Integer
            }
            "f32" | "f64" => ParamKind::Float,
            "bool" => ParamKind::Bool,
            "char" | "String" | "&str" | "&'static str" => ParamKind::Text,
            _ => return None,
        })
    }

    /// The default as it is written in Rust: text in quotes.
    pub fn literal(&self) -> String {
        match &self.default {
            Value::String(text) => format!("{text:?}"),
            other => other.to_string(),
        }
    }

    /// Whether a value is one of its type; numbers have to be in the type's range, a float may be written as `3`.
    pub fn takes(&self, value: &Value) -> bool {
        match (self.type_name.as_str(), value) {
            ("char", Value::String(text)) => text.chars().count() == 1,
            (name, Value::Integer(number)) if self.kind() == Some(ParamKind::Integer) => in_range(name, *number),
            _ => match self.kind() {
                Some(ParamKind::Float) => value.is_float() || value.is_integer(),
                Some(ParamKind::Bool) => value.is_bool(),
                Some(ParamKind::Text) => self.type_name != "char" && value.is_str(),
                Some(ParamKind::Integer) | None => false,
            },
        }
    }
}

fn in_range(type_name: &str, number: i64) -> bool {
    let bits: Option<u32> = type_name[1..].parse().ok();
    match (type_name.as_bytes()[0], bits) {
        (b'u', None | Some(64 | 128)) => number >= 0,
        (b'u', Some(bits)) => (0..1_i64 << bits).contains(&number),
        (_, Some(bits)) if bits < 64 => (-(1_i64 << (bits - 1))..1_i64 << (bits - 1)).contains(&number),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(type_name: &str, value: &str) -> bool {
        let value = format!("v = {value}").parse::<toml::Table>().unwrap()["v"].clone();
        let param = Param { name: "p".into(), type_name: type_name.into(), default: value.clone(), doc: String::new() };
        param.takes(&value)
    }

    #[test]
    fn values_have_to_be_of_the_type() {
        for (type_name, value) in [
            ("u8", "255"),
            ("i8", "-128"),
            ("usize", "4"),
            ("i64", "-9223372036854775808"),
            ("f64", "0.5"),
            ("f32", "3"),
            ("bool", "true"),
            ("char", "'ä'"),
            ("&str", "'a b'"),
            ("String", "''"),
        ] {
            assert!(takes(type_name, value), "{type_name} {value}");
        }
        for (type_name, value) in [
            ("u8", "256"),
            ("u8", "-1"),
            ("i8", "128"),
            ("i32", "2147483648"),
            ("u64", "-1"),
            ("usize", "0.5"),
            ("f64", "'0.5'"),
            ("bool", "1"),
            ("char", "'ab'"),
            ("String", "1"),
            ("Vec<f64>", "1"),
        ] {
            assert!(!takes(type_name, value), "{type_name} {value}");
        }
    }
}
