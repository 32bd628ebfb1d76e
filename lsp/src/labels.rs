//! What stands beside a candidate in the editor's list: what it takes, what it gives, and the `use` that comes with it.

use lsp_types::CompletionItemLabelDetails;

/// The words beside a name of this signature; nothing where there is nothing to say.
pub fn beside(signature: &str, import: Option<&str>) -> Option<CompletionItemLabelDetails> {
    let (takes, gives) = match function(signature) {
        Some((takes, gives)) => (format!("({})", without_self(takes)), gives),
        None => (String::new(), signature),
    };
    let import = import.map(|import| format!(" ({})", import.trim_end_matches(';'))).unwrap_or_default();
    let text = |text: String| (!text.is_empty()).then_some(text);
    let (detail, description) = (text(takes + &import), text(gives.to_owned()));
    (detail.is_some() || description.is_some()).then_some(CompletionItemLabelDetails { detail, description })
}

/// What a function takes and gives.
fn function(signature: &str) -> Option<(&str, &str)> {
    let begins = signature.find("fn ").or_else(|| signature.find("fn(")).filter(|at| is_head(&signature[..*at]))?;
    let (mut depth, mut last) = (0_usize, ' ');
    let mut opened = None;
    for (at, c) in signature.char_indices().skip_while(|(at, _)| *at < begins) {
        match c {
            '(' if depth == 0 => {
                opened = Some(at + 1);
                depth = 1;
            }
            '(' | '[' | '<' => depth += 1,
            '>' if last == '-' => {}
            ')' if depth == 1 && opened.is_some() => {
                return Some((&signature[opened?..at], given(&signature[at + 1..])));
            }
            ')' | ']' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        last = c;
    }
    None
}

/// Whether words may stand before `fn`.
fn is_head(words: &str) -> bool {
    words.split_whitespace().all(|word| ["pub", "const", "unsafe", "async", "extern"].contains(&word))
}

/// What stands behind the arrow, without its conditions.
fn given(rest: &str) -> &str {
    let given = rest.trim_start().strip_prefix("->").unwrap_or_default();
    given.split(" where").next().unwrap_or_default().trim()
}

/// Parameters without the value that a method is called on.
fn without_self(parameters: &str) -> &str {
    match parameters.split_once(", ") {
        Some((first, rest)) if is_self(first) => rest,
        None if is_self(parameters) => "",
        _ => parameters,
    }
}

fn is_self(parameter: &str) -> bool {
    parameter.trim_start_matches(['&', '\'']).split_whitespace().last() == Some("self")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(signature: &str, import: Option<&str>) -> (String, String) {
        let CompletionItemLabelDetails { detail, description } = beside(signature, import).unwrap_or_default();
        (detail.unwrap_or_default(), description.unwrap_or_default())
    }

    #[test]
    fn methods_tell_what_they_take_and_give() {
        for (signature, takes, gives) in [
            ("pub fn head(&self, length: Option<usize>) -> DataFrame", "(length: Option<usize>)", "DataFrame"),
            ("pub fn height(&self) -> usize", "()", "usize"),
            ("fn clear(&mut self)", "()", ""),
            ("fn(&self, other: &Rhs) -> bool", "(other: &Rhs)", "bool"),
            ("fn map<B, F: FnMut(u8) -> B>(self, f: F) -> Map<Self, F> where F: Copy", "(f: F)", "Map<Self, F>"),
            ("pub const fn new() -> impl Fn(i32) -> i32", "()", "impl Fn(i32) -> i32"),
            ("fn f(pair: (u8, u8), more: [u8; 2])", "(pair: (u8, u8), more: [u8; 2])", ""),
            ("fn f<'a>(&'a self, x: &'a str) -> &'a str", "(x: &'a str)", "&'a str"),
        ] {
            assert_eq!(told(signature, None), (takes.to_owned(), gives.to_owned()), "{signature}");
        }
    }

    #[test]
    fn what_is_no_function_tells_its_type() {
        assert_eq!(told("Vec<fn(u8) -> u8>", None), (String::new(), "Vec<fn(u8) -> u8>".to_owned()));
        let import = Some("use std::collections::BTreeMap;");
        let (detail, description) = told("struct BTreeMap<K, V>", import);
        assert_eq!(detail, " (use std::collections::BTreeMap)");
        assert_eq!(description, "struct BTreeMap<K, V>");
        assert!(beside("", None).is_none());
        assert_eq!(told("fn half(", None), (String::new(), "fn half(".to_owned()));
    }
}
