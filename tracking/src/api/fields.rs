//! Arguments of a request: a JSON object or a query, read by name and type as protobuf's JSON mapping does.

use super::refusal::Refusal;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Named values of a request, or of an object in one. Unknown names are never looked at.
#[derive(Clone)]
pub struct Fields<'a> {
    map: Cow<'a, Map<String, Value>>,
    /// Values of a query are text, and a list of one looks like the one.
    query: bool,
    /// Where in the request this is, for messages: `metrics[3].`.
    at: String,
}

type Read<T> = Result<T, Refusal>;

impl<'a> Fields<'a> {
    /// Fields of a JSON object.
    pub fn of_json(map: Map<String, Value>) -> Fields<'static> {
        Fields { map: Cow::Owned(map), query: false, at: String::new() }
    }

    /// Fields of a query; a name may occur more than once.
    pub fn of_query(query: &str) -> Fields<'static> {
        let mut map = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let values = map.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = values {
                values.push(Value::String(value.into_owned()));
            }
        }
        Fields { map: Cow::Owned(map), query: true, at: String::new() }
    }

    /// The value of a name, in protobuf's spelling (`run_id`) or JSON's (`runId`). Null counts as absent.
    fn get(&self, name: &str) -> Read<Option<&Value>> {
        let found = self.map.get(name).filter(|v| !v.is_null());
        if self.query || !name.contains('_') {
            return Ok(found);
        }
        let camel = camel(name);
        match (found, self.map.get(&camel).filter(|v| !v.is_null())) {
            (Some(_), Some(_)) => {
                Err(Refusal::invalid(format!("The request has both `{}{name}` and `{camel}`: give one", self.at)))
            }
            (found, other) => Ok(found.or(other)),
        }
    }

    /// One value: of a query, the first.
    fn one(&self, name: &str) -> Read<Option<&Value>> {
        Ok(match self.get(name)? {
            Some(Value::Array(values)) if self.query => values.first(),
            other => other,
        })
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> Refusal {
        let shown: String = value.to_string().chars().take(100).collect();
        Refusal::invalid(format!(
            "Invalid value {shown} for parameter '{}{name}' supplied: {wanted} is wanted.",
            self.at
        ))
    }

    fn missing(&self, name: &str) -> Refusal {
        Refusal::invalid(format!("Missing value for required parameter '{}{name}'.", self.at))
    }

    /// Whether there is a value of this name.
    pub fn has(&self, name: &str) -> Read<bool> {
        Ok(self.get(name)?.is_some())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Read<Option<String>> {
        match self.one(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(name, other, "text")),
        }
    }

    /// A text; absent and empty are the same, as in MLflow.
    pub fn some_text(&self, name: &str) -> Read<Option<String>> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there and not be empty.
    pub fn need(&self, name: &str) -> Read<String> {
        self.some_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// The id of a run, under its newer or older name.
    pub fn run_id(&self) -> Read<String> {
        match self.some_text("run_id")? {
            Some(id) => Ok(id),
            None => self.some_text("run_uuid")?.ok_or_else(|| self.missing("run_id")),
        }
    }

    /// A whole number: a number without fraction, or a text of one.
    pub fn int(&self, name: &str) -> Read<Option<i64>> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        whole(value).map(Some).ok_or_else(|| self.wrong(name, value, "a whole number"))
    }

    /// A whole number that must be there.
    pub fn need_int(&self, name: &str) -> Read<i64> {
        self.int(name)?.ok_or_else(|| self.missing(name))
    }

    /// A number, or `NaN`, `Infinity`, `-Infinity` as text.
    pub fn need_float(&self, name: &str) -> Read<f64> {
        let Some(value) = self.one(name)?.filter(|v| v.as_str() != Some("")) else { return Err(self.missing(name)) };
        float(value).ok_or_else(|| self.wrong(name, value, "a number"))
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> Read<Option<bool>> {
        match self.one(name)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if self.query && text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if self.query && text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, other, "true or false")),
        }
    }

    /// One of named choices, given by name or by number.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, i64, T)]) -> Read<Option<T>> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        let number = whole(value);
        let found = choices.iter().find(|(text, n, _)| value.as_str() == Some(text) || number == Some(*n));
        match found {
            Some((_, _, choice)) => Ok(Some(*choice)),
            None => {
                let names: Vec<&str> = choices.iter().map(|(text, _, _)| *text).collect();
                Err(self.wrong(name, value, &format!("one of {}", names.join(", "))))
            }
        }
    }

    /// A list of texts; absent is empty.
    pub fn texts(&self, name: &str) -> Read<Vec<String>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        let Value::Array(values) = value else { return Err(self.wrong(name, value, "a list of texts")) };
        let read = |v: &Value| v.as_str().map(str::to_owned).ok_or_else(|| self.wrong(name, v, "text"));
        values.iter().map(read).collect()
    }

    /// A list of texts that must not be empty.
    pub fn need_texts(&self, name: &str) -> Read<Vec<String>> {
        let texts = self.texts(name)?;
        if texts.is_empty() { Err(self.missing(name)) } else { Ok(texts) }
    }

    /// An object.
    pub fn object(&self, name: &str) -> Read<Option<Fields<'_>>> {
        match self.one(name)? {
            None => Ok(None),
            Some(Value::Object(map)) => {
                Ok(Some(Fields { map: Cow::Borrowed(map), query: false, at: format!("{}{name}.", self.at) }))
            }
            Some(other) => Err(self.wrong(name, other, "an object")),
        }
    }

    /// An object that must be there.
    pub fn need_object(&self, name: &str) -> Read<Fields<'_>> {
        self.object(name)?.ok_or_else(|| self.missing(name))
    }

    /// A list of objects; absent is empty.
    pub fn objects(&self, name: &str) -> Read<Vec<Fields<'_>>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        let Value::Array(values) = value else { return Err(self.wrong(name, value, "a list of objects")) };
        let mut objects = Vec::with_capacity(values.len());
        for (i, value) in values.iter().enumerate() {
            let Value::Object(map) = value else { return Err(self.wrong(name, value, "an object")) };
            objects.push(Fields { map: Cow::Borrowed(map), query: false, at: format!("{}{name}[{i}].", self.at) });
        }
        Ok(objects)
    }

    /// A map from text to text (`{"a": "b"}`); absent is empty.
    pub fn text_map(&self, name: &str) -> Read<Vec<(String, String)>> {
        match self.get(name)? {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => {
                let read = |(k, v): (&String, &Value)| match v.as_str() {
                    Some(text) => Ok((k.clone(), text.to_owned())),
                    None => Err(self.wrong(&format!("{name}.{k}"), v, "text")),
                };
                map.iter().map(read).collect()
            }
            Some(other) => Err(self.wrong(name, other, "an object of texts")),
        }
    }

    /// A list of `{"key": ..., "value": ...}`; a key must not be empty.
    pub fn pairs(&self, name: &str) -> Read<Vec<(String, String)>> {
        let read = |pair: Fields<'_>| Ok((pair.need("key")?, pair.text("value")?.unwrap_or_default()));
        self.objects(name)?.into_iter().map(read).collect()
    }

    /// The value of a name as JSON.
    pub fn value(&self, name: &str) -> Read<Option<&Value>> {
        self.one(name)
    }

    /// All fields as they came.
    pub fn map(&self) -> &Map<String, Value> {
        &self.map
    }
}

/// `run_id` as JSON spells it: `runId`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A whole number in any of the forms that protobuf's JSON mapping takes.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole_float)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A float that is a whole number of 64 bits.
pub(super) fn whole_float(value: f64) -> Option<i64> {
    let limit = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-limit..limit).contains(&value)).then_some(value as i64)
}

/// A number in any of the forms that protobuf's JSON mapping takes.
pub(super) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => float_text(text),
        _ => None,
    }
}

/// A number written as text.
pub(super) fn float_text(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust would read `inf`, `nan` and `infinity` too, which protobuf does not.
        _ if text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Fields<'static> {
        Fields::of_json(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn both_spellings_are_read_but_not_at_once() {
        assert_eq!(json(r#"{"runId": "a"}"#).need("run_id").unwrap(), "a");
        assert!(json(r#"{"runId": "a", "run_id": "b"}"#).need("run_id").unwrap_err().message.contains("both"));
    }

    #[test]
    fn numbers_have_many_forms() {
        let fields = json(r#"{"a": 1, "b": "2", "c": 3.0, "d": 1.5, "e": true, "f": "x"}"#);
        assert_eq!(fields.int("a").unwrap(), Some(1));
        assert_eq!(fields.int("b").unwrap(), Some(2));
        assert_eq!(fields.int("c").unwrap(), Some(3));
        for name in ["d", "e", "f"] {
            let refusal = fields.int(name).unwrap_err();
            assert!(refusal.message.contains(&format!("'{name}'")), "{}", refusal.message);
        }
        assert!(json(r#"{"v": "NaN"}"#).need_float("v").unwrap().is_nan());
        assert!(json(r#"{"v": "nan"}"#).need_float("v").is_err());
    }

    #[test]
    fn a_query_repeats_names() {
        let query = Fields::of_query("run_ids=a&run_ids=b&max_results=5&deep=True&path=a%2Fb");
        assert_eq!(query.texts("run_ids").unwrap(), ["a", "b"]);
        assert_eq!(query.text("run_ids").unwrap().as_deref(), Some("a"));
        assert_eq!(query.int("max_results").unwrap(), Some(5));
        assert_eq!(query.flag("deep").unwrap(), Some(true));
        assert_eq!(query.need("path").unwrap(), "a/b");
    }

    #[test]
    fn a_message_says_where() {
        let fields = json(r#"{"tags": [{"key": "a"}, {"value": "b"}]}"#);
        assert!(fields.pairs("tags").unwrap_err().message.contains("'tags[1].key'"));
    }
}
