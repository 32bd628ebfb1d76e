//! Parameters: where their values come from, and their types.

use super::error::{Result, RunError, list};
use crate::definition::{Definition, Param};
use crate::param::Type;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The values of a run, by name.
pub type Settings = BTreeMap<String, Setting>;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Setting {
    /// Its type, as the definition writes it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The value, in the one form in which its type is written.
    pub value: String,
    /// Where it came from: `default`, a file, a variable of the environment, `-p`.
    pub from: String,
}

/// Prefix of the variables of the environment that set parameters.
pub const PREFIX: &str = "IRONBOOK_PARAM_";

/// Where values may come from, the weakest first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file with `name: value` on each line.
    pub file: Option<PathBuf>,
    /// Variables of the environment: name without [`PREFIX`], in capitals, and value.
    pub environment: Vec<(String, String)>,
    /// Texts `NAME=VALUE`.
    pub given: Vec<String>,
}

/// The values of all parameters: the default, else the file's, else the environment's, else the given one.
///
/// # Errors
/// For a name that the definition has not, and a value that is none of the type.
pub fn resolve(definition: &Definition, sources: &Sources) -> Result<Settings> {
    let mut settings = Settings::new();
    for param in &definition.params {
        set(&mut settings, param, &Given::from(&param.default), "default")?;
    }
    if let Some(path) = &sources.file {
        for (name, given) in read(path)? {
            let origin = path.display().to_string();
            set(&mut settings, find(definition, &name, &origin)?, &given, &origin)?;
        }
    }
    for (variable, value) in &sources.environment {
        // Another pipeline may have a parameter of this name.
        if let Some(param) = definition.params.iter().find(|param| param.name.to_uppercase() == *variable) {
            set(&mut settings, param, &Given::text(value), &format!("{PREFIX}{variable}"))?;
        }
    }
    for text in &sources.given {
        let pair = || RunError::NoPair { option: "-p", text: text.clone(), what: "VALUE" };
        let (name, value) = text.split_once('=').ok_or_else(pair)?;
        set(&mut settings, find(definition, name, "-p")?, &Given::text(value), "-p")?;
    }
    Ok(settings)
}

/// The variables of the environment that set parameters.
pub fn environment() -> Vec<(String, String)> {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value))).collect()
}

fn find<'a>(definition: &'a Definition, name: &str, origin: &str) -> Result<&'a Param> {
    definition.params.iter().find(|param| param.name == name).ok_or_else(|| RunError::UnknownParam {
        origin: origin.to_owned(),
        name: name.to_owned(),
        known: list(definition.params.iter().map(|param| param.name.as_str())),
    })
}

fn set(settings: &mut Settings, param: &Param, given: &Given, origin: &str) -> Result<()> {
    let refuse = |hint| RunError::ParamValue {
        origin: origin.to_owned(),
        name: param.name.clone(),
        type_name: param.type_name.clone(),
        value: format!("`{}`", given.text),
        hint,
    };
    let of = Type::named(&param.type_name)
        .ok_or_else(|| refuse("; parameters are numbers, `bool`, `char`, `String` or `&str`"))?;
    if of.is_text() && given.kind == Kind::Number {
        return Err(refuse("; put it into quotes"));
    }
    if !of.is_text() && given.kind == Kind::Quoted && !of.is_whole() {
        return Err(refuse("; take the quotes away"));
    }
    let value = of.canonical(&given.text).ok_or_else(|| refuse(""))?;
    let setting = Setting { type_name: param.type_name.clone(), value, from: origin.to_owned() };
    settings.insert(param.name.clone(), setting);
    Ok(())
}

fn read(path: &Path) -> Result<BTreeMap<String, Given>> {
    let refuse = |why: String| RunError::ParamsFile { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(BTreeMap::new());
    }
    serde_saphyr::from_str(&text)
        .map_err(|error| refuse(format!("{error}\nit has a line `name: value` for each parameter")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// From a command line or the environment, where all is text.
    Any,
    Number,
    /// Text in a file.
    Quoted,
}

/// A value as it was given.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    kind: Kind,
}

impl Given {
    fn text(text: &str) -> Given {
        Given { text: text.to_owned(), kind: Kind::Any }
    }

    fn number(text: impl fmt::Display) -> Given {
        Given { text: text.to_string(), kind: Kind::Number }
    }
}

impl From<&toml::Value> for Given {
    fn from(value: &toml::Value) -> Given {
        match value {
            toml::Value::String(text) => Given { text: text.clone(), kind: Kind::Quoted },
            toml::Value::Float(number) => Given::number(format!("{number:?}")),
            other => Given::number(other),
        }
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Given, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Given;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a number, true, false or text")
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Given, E> {
                Ok(Given::number(value))
            }
            fn visit_i64<E>(self, value: i64) -> std::result::Result<Given, E> {
                Ok(Given::number(value))
            }
            fn visit_u64<E>(self, value: u64) -> std::result::Result<Given, E> {
                Ok(Given::number(value))
            }
            fn visit_i128<E>(self, value: i128) -> std::result::Result<Given, E> {
                Ok(Given::number(value))
            }
            fn visit_u128<E>(self, value: u128) -> std::result::Result<Given, E> {
                Ok(Given::number(value))
            }
            fn visit_f64<E>(self, value: f64) -> std::result::Result<Given, E> {
                Ok(Given::number(format!("{value:?}")))
            }
            fn visit_str<E>(self, value: &str) -> std::result::Result<Given, E> {
                Ok(Given { text: value.to_owned(), kind: Kind::Quoted })
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let params = "[[params]]\nname = \"trees\"\ntype = \"u32\"\ndefault = 100\n\
             [[params]]\nname = \"rate\"\ntype = \"f64\"\ndefault = 0.1\n\
             [[params]]\nname = \"title\"\ntype = \"&str\"\ndefault = \"late\"\n\
             [[params]]\nname = \"on\"\ntype = \"bool\"\ndefault = true\n\
             [[params]]\nname = \"big\"\ntype = \"u64\"\ndefault = \"18446744073709551615\"\n";
        crate::sample::definition(params)
    }

    fn values(sources: &Sources) -> Result<Vec<String>> {
        Ok(resolve(&definition(), sources)?.into_values().map(|of| of.value).collect())
    }

    #[test]
    fn the_stronger_source_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("params.yaml");
        std::fs::write(&file, "# of the run\ntrees: 200\nrate: 3\ntitle: \"7\"\n").unwrap();
        let mut sources = Sources::default();
        assert_eq!(values(&sources).unwrap(), ["18446744073709551615", "true", "0.1", "late", "100"]);
        sources.file = Some(file);
        assert_eq!(values(&sources).unwrap(), ["18446744073709551615", "true", "3.0", "7", "200"]);
        sources.environment = vec![("TREES".into(), "300".into()), ("OF_ANOTHER".into(), "1".into())];
        assert_eq!(values(&sources).unwrap()[4], "300");
        sources.given = vec!["trees=4_00".into(), "title=a=b".into(), "on=false".into()];
        assert_eq!(values(&sources).unwrap(), ["18446744073709551615", "false", "3.0", "a=b", "400"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let given = |text: &str| values(&Sources { given: vec![text.to_owned()], ..Sources::default() });
        let error = given("trees=many").unwrap_err();
        assert_eq!(error.to_string(), "-p: the parameter `trees` is of type `u32`, and `many` is none");
        assert_eq!(error.exit_code(), 2);
        let error = given("tree=1").unwrap_err().to_string();
        assert!(error.contains("there is no parameter `tree`; there are `trees`, `rate`"), "{error}");
        assert!(given("trees").unwrap_err().to_string().contains("-p NAME=VALUE"));
        for text in ["trees=-1", "trees=1.0", "trees=4294967296", "on=yes", "rate="] {
            assert!(matches!(given(text), Err(RunError::ParamValue { .. })), "{text}");
        }
    }

    #[test]
    fn a_file_keeps_its_types() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("params.yaml");
        let with = |text: &str| {
            std::fs::write(&file, text).unwrap();
            values(&Sources { file: Some(file.clone()), ..Sources::default() })
        };
        let error = with("title: 1.10\n").unwrap_err().to_string();
        assert!(error.contains("`title`") && error.contains("quotes"), "{error}");
        assert!(with("rate: \"0.5\"\n").unwrap_err().to_string().contains("take the quotes away"));
        assert!(with("trees: [1]\n").unwrap_err().to_string().contains("name: value"));
        assert!(with("nothing: 1\n").unwrap_err().to_string().contains("params.yaml: there is no parameter"));
        assert_eq!(with("").unwrap()[4], "100");
    }
}
