//! `%dep`: extra crates.

use crate::context::Context;
use crate::engine::Dependency;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::split::Style;
use crate::table::{left, table};
use ironbook_session::FailureKind;
use std::path::{Path, PathBuf};

/// `%dep`.
pub struct Dep;

#[derive(clap::Args)]
#[command(
    override_usage = "%dep [NAME[@VERSION]] [OPTIONS]\n       %dep --path DIR\n       %dep NAME = \"VERSION\"\n       \
                            %dep NAME = { version = \"..\", features = [..], path = \"..\" }"
)]
struct Arguments {
    /// The crate: a name, `name@version`, or a line of a Cargo.toml
    #[arg(value_name = "CRATE")]
    spec: Vec<String>,
    /// Features to turn on, separated by commas
    #[arg(short = 'F', long, value_delimiter = ',')]
    features: Vec<String>,
    /// Directory of a local crate; it is built again when it was edited
    #[arg(long, value_hint = clap::ValueHint::DirPath)]
    path: Option<String>,
    /// Leave out its default features
    #[arg(long)]
    no_default_features: bool,
}

impl Magic for Dep {
    fn name(&self) -> &'static str {
        "dep"
    }

    fn summary(&self) -> &'static str {
        "Add a crate, or list the crates that were added"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn style(&self) -> Style {
        Style::Pairs
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%dep", expect: Expect::Ok },
            Example { code: "%dep regex@", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%dep regex = { wersion = \"1\" }", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        if args.spec.is_empty() {
            return match &args.path {
                Some(_) => Ok(Lowered::action(move |cx| add(cx, vec![nameless()], &args))),
                None => Ok(Lowered::action(list)),
            };
        }
        let all = if call.rest().contains('=') && args.spec.get(1).is_some_and(|word| word.starts_with('=')) {
            vec![from_toml(call)?]
        } else {
            args.spec.iter().map(|spec| from_word(call, spec)).collect::<Result<Vec<_>, _>>()?
        };
        if all.len() > 1 && args.path.is_some() {
            return Err(call.wrong("a path belongs to one crate", "write one `%dep` line for each"));
        }
        Ok(Lowered::action(move |cx| add(cx, all, &args)))
    }
}

fn add(cx: &mut Context<'_>, all: Vec<Dependency>, args: &Arguments) -> Result<(), Error> {
    for mut spec in all {
        spec.features.extend(args.features.iter().cloned());
        spec.default_features &= !args.no_default_features;
        let path = args.path.as_ref().map(PathBuf::from).or(spec.path.take());
        spec.path = path.map(|path| cx.path(&path.to_string_lossy()));
        if let (true, Some(directory)) = (spec.name.is_empty(), &spec.path) {
            spec.name = package_of(directory)?;
        }
        cx.engine.add_dependency(&spec, &mut *cx.out)?;
    }
    Ok(())
}

/// A crate whose name its own manifest tells.
fn nameless() -> Dependency {
    Dependency { name: String::new(), version: None, features: Vec::new(), path: None, default_features: true }
}

/// The name in the directory's Cargo.toml.
fn package_of(directory: &Path) -> Result<String, Error> {
    let file = directory.join("Cargo.toml");
    let text = std::fs::read_to_string(&file).map_err(|source| Error::file("read", &file, source))?;
    let name = toml::from_str::<toml::Table>(&text).ok().and_then(|table| {
        let package = table.get("package")?.as_table()?;
        Some(package.get("name")?.as_str()?.to_owned())
    });
    name.ok_or_else(|| Error::Refused {
        reason: format!("`{}` names no package", file.display()),
        advice: "give the directory of one crate; a workspace's members are directories in it".to_owned(),
    })
}

fn from_word(call: &Call<'_>, word: &str) -> Result<Dependency, Error> {
    let (name, version) = match word.split_once('@') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (word, None),
    };
    let version_given = version.as_ref().is_none_or(|version| !version.is_empty());
    if !is_name(name) || !version_given {
        return Err(call.wrong(format!("`{word}` names no crate"), "write `%dep name` or `%dep name@version`"));
    }
    Ok(Dependency { name: name.to_owned(), version, features: Vec::new(), path: None, default_features: true })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The right side of a dependency in a Cargo.toml.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Value {
    Version(String),
    Table(Table),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    version: Option<String>,
    path: Option<PathBuf>,
    #[serde(default)]
    features: Vec<String>,
    default_features: Option<bool>,
}

fn from_toml(call: &Call<'_>) -> Result<Dependency, Error> {
    let advice = "write `%dep name = \"version\"`, or a table with `version`, `path`, `features`, `default-features`";
    let wrong = |reason: &str| call.wrong(format!("the line is no dependency: {}", reason.trim()), advice);
    let line: toml::Table = toml::from_str(call.rest()).map_err(|error| wrong(error.message()))?;
    let Some((name, value)) = line.into_iter().next().filter(|(name, _)| is_name(name)) else {
        return Err(wrong("it has no name"));
    };
    if let Some(key) = value.as_table().and_then(|table| table.keys().find(|key| !KEYS.contains(&key.as_str()))) {
        return Err(wrong(&format!("`{key}` is not supported")));
    }
    let table = match value.try_into().map_err(|error: toml::de::Error| wrong(error.message()))? {
        Value::Version(version) => {
            Table { version: Some(version), path: None, features: Vec::new(), default_features: None }
        }
        Value::Table(table) => table,
    };
    let Table { version, path, features, default_features } = table;
    Ok(Dependency { name, version, features, path, default_features: default_features.unwrap_or(true) })
}

const KEYS: [&str; 4] = ["version", "path", "features", "default-features"];

fn list(cx: &mut Context<'_>) -> Result<(), Error> {
    let all = cx.engine.dependencies();
    if all.is_empty() {
        cx.say("No crates were added; `%dep name` adds one.");
        return Ok(());
    }
    let rows = all.into_iter().map(|dependency| {
        let from = match (dependency.path, dependency.version) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(version)) => version,
            (None, None) => "newest".to_owned(),
        };
        vec![dependency.name, from, dependency.features.join(", ")]
    });
    let rows: Vec<_> = rows.collect();
    cx.show(table(&[left("crate"), left("version"), left("features")], &rows));
    Ok(())
}
