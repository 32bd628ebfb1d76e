//! The types of parameters.

/// A type that a parameter can have: the numbers, `bool`, `char`, `String` and `&'static str`.
pub trait ParamValue: Sized {
    /// The value that a text means.
    fn parse(text: &str) -> Option<Self>;
    /// The one text that means this value.
    fn text(&self) -> String;
}

macro_rules! params { // of no trait in std that says how they are written
    ($($ty:ty: $parse:expr, $form:literal;)+) => { $(
        impl ParamValue for $ty {
            fn parse(text: &str) -> Option<Self> {
                let parse: fn(&str) -> Option<$ty> = $parse;
                parse(text)
            }
            fn text(&self) -> String {
                format!($form, self)
            }
        }
    )+ };
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.replace('_', "").parse().ok())
}

params! {
    i8: number, "{}"; i16: number, "{}"; i32: number, "{}"; i64: number, "{}"; i128: number, "{}"; isize: number, "{}";
    u8: number, "{}"; u16: number, "{}"; u32: number, "{}"; u64: number, "{}"; u128: number, "{}"; usize: number, "{}";
    f32: number, "{:?}"; f64: number, "{:?}";
    bool: |text| text.trim().parse().ok(), "{}";
    char: |text| text.parse().ok(), "{}";
    String: |text| Some(text.to_owned()), "{}";
    // Text of a program lasts as long as the program, and so does what it is read to.
    &'static str: |text| Some(text.to_owned().leak()), "{}";
}

/// A type by its name.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    name: &'static str,
    canonical: fn(&str) -> Option<String>,
}

fn canonical<T: ParamValue>(text: &str) -> Option<String> {
    T::parse(text).map(|value| value.text())
}

macro_rules! types { // from one list, so that none is forgotten
    ($($ty:ident),+) => { [$(Type { name: stringify!($ty), canonical: canonical::<$ty> }),+] };
}

const TYPES: [Type; 17] =
    types!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64, bool, char, String);

impl Type {
    /// The type that a definition writes so.
    pub(crate) fn named(name: &str) -> Option<Type> {
        let name = match name {
            "&str" | "&'static str" => "String",
            name => name.rsplit("::").next().unwrap_or(name),
        };
        TYPES.into_iter().find(|of| of.name == name)
    }

    /// The one text for the value that a text means; none if it means none of the type.
    pub(crate) fn canonical(self, text: &str) -> Option<String> {
        (self.canonical)(text)
    }

    /// Whether its values are text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.name, "char" | "String")
    }

    /// Whether its values are whole numbers, the largest of which are written as text in TOML.
    pub(crate) fn is_whole(self) -> bool {
        self.name.starts_with(['i', 'u'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_text() {
        let text = |of: &str, text: &str| Type::named(of).unwrap().canonical(text);
        assert_eq!(text("f64", "1e3").as_deref(), Some("1000.0"));
        assert_eq!(text("f64", "NaN").as_deref(), Some("NaN"));
        assert_eq!(text("f32", "0.1").as_deref(), Some("0.1"));
        assert_eq!(text("u8", "256"), None);
        assert_eq!(text("i64", " 1_000 ").as_deref(), Some("1000"));
        assert_eq!(text("&'static str", " a ").as_deref(), Some(" a "));
        assert_eq!(text("std::string::String", "").as_deref(), Some(""));
        assert_eq!(text("char", "ab"), None);
        assert!(Type::named("Vec<f64>").is_none());
    }
}
