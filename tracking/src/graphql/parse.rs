//! Reads a query: what is selected, with fragments put in and variables filled.

use serde_json::{Map, Value};
use std::collections::HashMap;
use std::rc::Rc;

/// Fields that are asked for.
pub(super) type Selection = Vec<Field>;

/// A field that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// Its name in the answer: its alias, or its own.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its arguments; a fragment that is put in twice shares them.
    pub arguments: Rc<Map<String, Value>>,
    /// What is asked of it.
    pub selection: Selection,
}

/// Deepest nesting, of fields and of values.
const MAX_DEPTH: usize = 12;
/// Most fields of a query, as it is written and with fragments put in.
const MAX_FIELDS: usize = 1000;
/// Most words, signs and values of a query.
const MAX_TOKENS: usize = 50_000;
/// Most bytes of all arguments, variables put in.
const MAX_VALUES: usize = 4 << 20;

type Read<T> = Result<T, String>;

/// A part of a selection as it is written.
#[derive(Clone, Debug)]
enum Part {
    Field { key: String, name: String, arguments: Rc<Map<String, Value>>, parts: Vec<Part> },
    Spread(String),
    Inline(Vec<Part>),
}

/// The selection of a query: of the operation of this name, else of the only one.
pub(super) fn query(text: &str, name: Option<&str>, variables: &Map<String, Value>) -> Read<Selection> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, variables, parts_left: MAX_FIELDS, bytes_left: MAX_VALUES };
    let mut operations = Vec::new();
    let mut fragments = HashMap::new();
    while !parser.done() {
        if parser.is("{") {
            operations.push((None, parser.parts(0)?));
            continue;
        }
        match parser.word()?.as_str() {
            "query" => operations.push(parser.operation()?),
            "fragment" => {
                let name = parser.word()?;
                parser.skip_words(2)?;
                parser.directives()?;
                fragments.insert(name, parser.parts(0)?);
            }
            other => return Err(format!("`{other}` is not served, only `query`")),
        }
    }
    let chosen = match name {
        Some(wanted) => operations.into_iter().find(|(name, _)| name.as_deref() == Some(wanted)),
        None if operations.len() == 1 => operations.pop(),
        None => return Err("say which operation is meant".to_owned()),
    };
    let (_, parts) = chosen.ok_or("there is no operation of this name")?;
    let mut left = MAX_FIELDS;
    expand(&parts, &fragments, 0, &mut left)
}

/// Puts fragments in. One that contains itself runs into the limit of depth.
fn expand(parts: &[Part], fragments: &HashMap<String, Vec<Part>>, depth: usize, left: &mut usize) -> Read<Selection> {
    if depth > MAX_DEPTH {
        return Err(format!("the query is nested more than {MAX_DEPTH} deep"));
    }
    let mut selection = Vec::new();
    for part in parts {
        *left = left.checked_sub(1).ok_or_else(|| format!("the query has more than {MAX_FIELDS} fields"))?;
        match part {
            Part::Field { key, name, arguments, parts } => {
                let inner = expand(parts, fragments, depth + 1, left)?;
                selection.push(Field {
                    key: key.clone(),
                    name: name.clone(),
                    arguments: Rc::clone(arguments),
                    selection: inner,
                });
            }
            Part::Spread(name) => {
                let parts = fragments.get(name).ok_or_else(|| format!("there is no fragment `{name}`"))?;
                selection.extend(expand(parts, fragments, depth + 1, left)?);
            }
            Part::Inline(parts) => selection.extend(expand(parts, fragments, depth + 1, left)?),
        }
    }
    Ok(selection)
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    /// A sign, or a word.
    Plain(&'a str),
    Text(String),
    Number(&'a str),
}

fn tokens(text: &str) -> Read<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        if tokens.len() > MAX_TOKENS {
            return Err(format!("the query has more than {MAX_TOKENS} words and signs"));
        }
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '\u{feff}');
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let length = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let taken = match first {
            '#' => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '"' if rest.starts_with("\"\"\"") => return Err("block strings are not read here".to_owned()),
            '"' => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let text = values.next().and_then(Result::ok).ok_or("a string does not end, or has a wrong escape")?;
                let end = values.byte_offset();
                tokens.push(Token::Text(text));
                rest = &rest[end..];
                continue;
            }
            '.' if rest.starts_with("...") => 3,
            c if c.is_ascii_alphabetic() || c == '_' => length(|c| c.is_ascii_alphanumeric() || c == '_'),
            c if c.is_ascii_digit() || c == '-' => {
                let end = length(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                tokens.push(Token::Number(&rest[..end]));
                rest = &rest[end..];
                continue;
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '$' | '@' | '=' => 1,
            other => return Err(format!("`{other}` has no meaning here")),
        };
        tokens.push(Token::Plain(&rest[..taken]));
        rest = &rest[taken..];
    }
}

/// Bytes that a value takes, about.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(weight).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| size_of::<Value>() + key.len() + weight(value)).sum(),
            _ => 0,
        }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    variables: &'a Map<String, Value>,
    /// Fields and fragments that may still come.
    parts_left: usize,
    /// Bytes of arguments that may still come.
    bytes_left: usize,
}

impl Parser<'_> {
    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Plain(text)) if *text == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn want(&mut self, sign: &str) -> Read<()> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is missing after {} tokens", self.at)) }
    }

    fn word(&mut self) -> Read<String> {
        match self.tokens.get(self.at) {
            Some(Token::Plain(text)) if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                let text = (*text).to_owned();
                self.at += 1;
                Ok(text)
            }
            _ => Err(format!("a name is missing after {} tokens", self.at)),
        }
    }

    fn skip_words(&mut self, count: usize) -> Read<()> {
        (0..count).try_for_each(|_| self.word().map(|_| ()))
    }

    fn operation(&mut self) -> Read<(Option<String>, Vec<Part>)> {
        let name = if self.is("{") || self.is("(") || self.is("@") { None } else { Some(self.word()?) };
        if self.take("(") {
            // Types are the table's affair, and defaults are not used by any page.
            while !self.take(")") {
                if self.done() {
                    return Err("`)` is missing".to_owned());
                }
                self.at += 1;
            }
        }
        self.directives()?;
        Ok((name, self.parts(0)?))
    }

    fn directives(&mut self) -> Read<()> {
        while self.take("@") {
            let name = self.word()?;
            if name == "skip" || name == "include" {
                return Err(format!("`@{name}` is not served"));
            }
            self.arguments()?;
        }
        Ok(())
    }

    fn arguments(&mut self) -> Read<Map<String, Value>> {
        let mut arguments = Map::new();
        if self.take("(") {
            while !self.take(")") {
                let name = self.word()?;
                self.want(":")?;
                arguments.insert(name, self.value(0)?);
            }
        }
        Ok(arguments)
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        if depth > MAX_DEPTH {
            return Err(format!("a value is nested more than {MAX_DEPTH} deep"));
        }
        if self.take("$") {
            let name = self.word()?;
            let Some(value) = self.variables.get(&name) else { return Ok(Value::Null) };
            // A variable is put in once for each use: that is counted, and refused in time.
            self.spend(weight(value))?;
            return Ok(value.clone());
        }
        self.spend(size_of::<Value>())?;
        if self.take("[") {
            let mut values = Vec::new();
            while !self.take("]") {
                values.push(self.value(depth + 1)?);
            }
            return Ok(Value::Array(values));
        }
        if self.take("{") {
            let mut map = Map::new();
            while !self.take("}") {
                let name = self.word()?;
                self.want(":")?;
                map.insert(name, self.value(depth + 1)?);
            }
            return Ok(Value::Object(map));
        }
        match self.tokens.get(self.at) {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(Value::String(text))
            }
            Some(Token::Number(text)) => {
                let number = serde_json::from_str(text).map_err(|_| format!("`{text}` is no number"))?;
                self.at += 1;
                Ok(number)
            }
            _ => Ok(match self.word()?.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                choice => Value::from(choice),
            }),
        }
    }

    fn spend(&mut self, bytes: usize) -> Read<()> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or_else(|| format!("the arguments have more than {MAX_VALUES} bytes"))?;
        Ok(())
    }

    fn parts(&mut self, depth: usize) -> Read<Vec<Part>> {
        if depth > MAX_DEPTH {
            return Err(format!("the query is nested more than {MAX_DEPTH} deep"));
        }
        self.want("{")?;
        let mut parts = Vec::new();
        while !self.take("}") {
            parts.push(self.part(depth)?);
        }
        Ok(parts)
    }

    fn part(&mut self, depth: usize) -> Read<Part> {
        let left = self.parts_left.checked_sub(1);
        self.parts_left = left.ok_or_else(|| format!("the query has more than {MAX_FIELDS} fields"))?;
        if self.take("...") {
            if self.is("on") {
                self.skip_words(2)?;
            } else if !self.is("{") && !self.is("@") {
                let name = self.word()?;
                self.directives()?;
                return Ok(Part::Spread(name));
            }
            self.directives()?;
            return Ok(Part::Inline(self.parts(depth + 1)?));
        }
        let key = self.word()?;
        let name = if self.take(":") { self.word()? } else { key.clone() };
        let arguments = Rc::new(self.arguments()?);
        self.directives()?;
        let parts = if self.is("{") { self.parts(depth + 1)? } else { Vec::new() };
        Ok(Part::Field { key, name, arguments, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Read<Selection> {
        let Value::Object(variables) = json!({ "data": { "runId": "r" } }) else { unreachable!() };
        query(text, None, &variables)
    }

    #[test]
    fn queries_are_read() {
        let text = r#"
            query Get($data: Input!, $n: [Int!] = 3) @component(name: "a.b") {  # what
              one: get(input: $data, more: {n: 1, s: "x\n", l: [A, true, null, -1.5]}) @x { ...F, ... on T { b } __typename }
            }
            fragment F on T { a { c } }"#;
        let selection = parsed(text).unwrap();
        let one = &selection[0];
        assert_eq!((one.key.as_str(), one.name.as_str()), ("one", "get"));
        assert_eq!(
            Value::Object((*one.arguments).clone()),
            json!({ "input": { "runId": "r" }, "more": { "n": 1, "s": "x\n", "l": ["A", true, null, -1.5] } })
        );
        let names: Vec<&str> = one.selection.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "__typename"]);
    }

    #[test]
    fn nothing_runs_away() {
        assert!(parsed("{ a { ...F } } fragment F on T { b { ...F } }").is_err());
        assert!(parsed("{ ...F } fragment F on T { ...F ...F }").is_err());
        assert!(parsed(&"{a".repeat(10_000)).is_err());
        assert!(parsed(&format!("{{ a(x: {}) }}", "[".repeat(10_000))).is_err());
        let long = Value::from("x".repeat(1 << 16));
        let variables = Map::from_iter([("v".to_owned(), long)]);
        let uses = |count| format!("{{ a(x: [{}]) }}", "$v ".repeat(count));
        assert!(query(&uses(10), None, &variables).is_ok());
        assert!(query(&uses(1000), None, &variables).unwrap_err().contains("bytes"));
        assert!(query(&format!("{{ a @x(x: [{}]) }}", "$v ".repeat(1000)), None, &variables).is_err());
        assert!(parsed(&format!("{{ {} }}", "a ".repeat(MAX_FIELDS + 1))).unwrap_err().contains("fields"));
        assert!(parsed(&format!("{{ a(x: [{}]) }}", "1 ".repeat(MAX_TOKENS))).unwrap_err().contains("words"));
        for bad in ["", "{", "{ a(", "mutation { a }", "query Q", "{ a } { b }", "{ a(x: \"u) }", "{ ; }"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
