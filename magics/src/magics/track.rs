//! `%track`: runs, metrics, parameters and models in the tracking store.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE, literal};
use crate::split::Style;
use ironbook_session::FailureKind;

/// `%track`.
pub struct Track;

#[derive(clap::Args)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Start a run and make it the active one
    Start {
        /// Its experiment
        experiment: String,
        /// The run's name [default: one is made up]
        #[arg(short, long)]
        name: Option<String>,
        /// A tag, KEY=VALUE; may be repeated
        #[arg(short, long, value_name = "KEY=VALUE")]
        tag: Vec<String>,
        /// Nest it in the run that is active
        #[arg(long, visible_alias = "nested", conflicts_with = "replace")]
        nest: bool,
        /// End the run that is active first
        #[arg(long)]
        replace: bool,
    },
    /// Log metrics, and parameters given as text
    Log {
        /// NAME=EXPRESSION, of the session's Rust: a number is a metric, "text" a parameter
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
        /// Step of the metrics, an expression [default: counts up from 0]
        #[arg(short, long)]
        step: Option<String>,
    },
    /// Log parameters: anything that prints
    Param {
        /// NAME=EXPRESSION, of the session's Rust
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
    },
    /// End the active run
    End {
        /// How it ended
        #[arg(value_parser = ["finished", "failed", "killed"], default_value = "finished")]
        status: String,
    },
    /// Compare runs: the parameters that differ, the metrics, the curves
    Compare {
        /// Ids, beginnings of ids, or names of two to ten runs [default: the newest]
        runs: Vec<String>,
    },
    /// Show the runs with the best values of a metric
    Best {
        /// Name of the metric; smaller is better where the name says so (loss, rmse, ..)
        metric: String,
        /// Smaller is better
        #[arg(long, conflicts_with = "max")]
        min: bool,
        /// Larger is better
        #[arg(long)]
        max: bool,
        /// How many
        #[arg(short = 'n', long, default_value_t = 5)]
        count: usize,
    },
    /// Log a model and register it as the next version of a name
    Register {
        /// A variable, or an expression
        #[arg(value_hint = VARIABLE)]
        model: String,
        /// The name in the registry
        #[arg(long = "as", value_name = "NAME")]
        name: String,
        /// A name for this version, such as champion; it moves here from another version
        #[arg(long)]
        alias: Option<String>,
    },
    /// List the registered models with their newest versions and aliases, or the versions of one
    Models {
        /// The model's name in the registry
        name: Option<String>,
    },
    /// Name a version of a registered model
    Alias {
        /// The model's name in the registry
        name: String,
        /// The version's number
        version: String,
        /// The alias
        alias: String,
    },
    /// Move a version of a registered model to a stage
    Stage {
        /// The model's name in the registry
        name: String,
        /// The version's number
        version: String,
        /// The stage
        #[arg(value_parser = ["None", "Staging", "Production", "Archived"], ignore_case = true)]
        stage: String,
    },
    /// Load a model into a variable
    Load {
        /// models:/NAME@ALIAS, models:/NAME/VERSION, models:/m-ID or runs:/RUN/PATH
        uri: String,
        /// The variable
        #[arg(long, default_value = "model")]
        into: String,
    },
    /// Say where runs go, or send them elsewhere
    Uri {
        /// http://host:port of an MLflow server, sqlite:///file.db, a directory, or `project`
        uri: Option<String>,
    },
    /// Show what waits to be sent to a server
    Status,
    /// Send what waits, now
    Sync {
        /// Seconds to wait at most
        #[arg(long, default_value_t = 60.0)]
        timeout: f64,
    },
    /// Turn the recording of fits, evaluations and cells on or off
    Auto {
        /// Which
        #[arg(value_parser = ["on", "off"])]
        state: String,
    },
    /// Show the active run (else the last one), a run by id or name, or the runs of an experiment
    Show {
        /// Id or name of a run
        run: Option<String>,
        /// Show a table of this experiment's runs
        #[arg(short, long, conflicts_with = "run")]
        experiment: Option<String>,
    },
}

impl Magic for Track {
    fn name(&self) -> &'static str {
        "track"
    }

    fn summary(&self) -> &'static str {
        "Track experiments: runs, what is logged to them, comparisons, registered models"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn style(&self) -> Style {
        Style::Pairs
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                code: "let loss = 0.25;\n%track start flights --name baseline\n%track log auc=0.91 loss={loss} model=\"majority\"\n%track param depth=2 + 1\n%track end\n%track show",
                expect: Expect::Contains("baseline"),
            },
            Example {
                code: "%track start steps\nfor epoch in 0..3 {\n    %track log loss=1.0 / (epoch + 1) as f64 --step epoch\n}\n%track end",
                expect: Expect::Ok,
            },
            Example {
                code: "%track start pair --name first\n%track log auc=0.8\n%track end\n%track start pair --name second\n%track log auc=0.9\n%track end\n%track compare first second",
                expect: Expect::Contains("second"),
            },
            Example {
                code: "%track start best\n%track log auc=0.9\n%track end\n%track best auc --max",
                expect: Expect::Contains("auc"),
            },
            Example { code: "%track models", expect: Expect::Contains("registered model") },
            Example { code: "%track uri", expect: Expect::Contains("project") },
            Example { code: "%track log auc", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%track halt", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let Some(command) = args.command else { return Ok(Lowered::rust(shown("recent(20)"))) };
        Ok(Lowered::rust(match command {
            Command::Start { experiment, name, tag, nest, replace } => {
                start(call, &experiment, name, &tag, nest, replace)?
            }
            Command::Log { values, step } => log(call, &values, step.as_deref())?,
            Command::Param { values } => {
                let params = pairs(call, &values)?.iter().map(param).collect::<String>();
                format!("{{ {params} }}")
            }
            Command::End { status } => {
                let status = status[..1].to_uppercase() + &status[1..];
                format!("::ironbook::track::end(::ironbook::track::Status::{status})?;")
            }
            Command::Show { run, experiment } => shown(&match (run, experiment) {
                (_, Some(experiment)) => format!("runs({})", literal(&experiment)),
                (Some(run), None) => format!("view({})", literal(&run)),
                (None, None) => "show()".to_owned(),
            }),
            Command::Compare { runs } => {
                let names: Vec<String> = runs.iter().map(|run| literal(run)).collect();
                shown(&format!("compare(&[{}])", names.join(", ")))
            }
            Command::Best { metric, min, max, count } => {
                let smaller = if min || max { format!("Some({min})") } else { "None".to_owned() };
                shown(&format!("best({}, {smaller}, {count})", literal(&metric)))
            }
            Command::Register { model, name, alias } => register(call, &model, &name, alias.as_deref())?,
            Command::Models { name } => {
                let name = name.map_or_else(|| "None".to_owned(), |name| format!("Some({})", literal(&name)));
                shown(&format!("models({name})"))
            }
            Command::Alias { name, version, alias } => {
                shown(&format!("alias({}, {}, {})", literal(&name), literal(&version), literal(&alias)))
            }
            Command::Stage { name, version, stage } => {
                shown(&format!("stage({}, {}, {})", literal(&name), literal(&version), literal(&stage)))
            }
            Command::Load { uri, into } => return load(call, uri, into),
            Command::Uri { uri: None } => shown("destination()"),
            Command::Uri { uri: Some(uri) } => {
                let uri = if uri == "project" { String::new() } else { uri };
                format!("::ironbook::track::set_uri({})?; {}", literal(&uri), shown("destination()"))
            }
            Command::Status => shown("status()"),
            Command::Sync { timeout } if !(timeout.is_finite() && timeout >= 0.0) => {
                return Err(
                    call.wrong(format!("{timeout} seconds cannot be waited"), "give a number of seconds, such as 60")
                );
            }
            Command::Sync { timeout } => shown(&format!("sync({timeout:?})")),
            Command::Auto { state } => format!("::ironbook::track::set_auto({});", state == "on"),
        }))
    }
}

/// Shows what a function of tracking returns.
fn shown(call: &str) -> String {
    format!("::ironbook::display(&::ironbook::track::{call}?);")
}

fn register(call: &Call<'_>, model: &str, name: &str, alias: Option<&str>) -> Result<String, Error> {
    if syn::parse_str::<syn::Expr>(model).is_err() {
        return Err(call.wrong(format!("the model `{model}` is no expression"), "give a variable that holds a model"));
    }
    let alias = alias.map_or_else(|| "None".to_owned(), |alias| format!("Some({})", literal(alias)));
    Ok(format!("::ironbook::display(&::ironbook::models::register(&({model}), {}, {alias})?);", literal(name)))
}

/// A model's type is known only once it was looked up: first that, then a cell that names it.
fn load(call: &Call<'_>, uri: String, into: String) -> Result<Lowered, Error> {
    if syn::parse_str::<syn::Ident>(&into).is_err() {
        return Err(call.wrong(format!("`{into}` cannot be the name of a variable"), "use letters, digits and `_`"));
    }
    Ok(Lowered::action(move |cx| {
        let uri = literal(&uri);
        let type_path = cx.printed(&format!("print!(\"{{}}\", ::ironbook::models::type_of({uri})?);"))?;
        // It comes from a file that others may have written, and goes into a cell.
        if !is_type(&type_path) {
            let message = format!("the model names `{type_path}` as its type, which is none of Ironbook's");
            let advice = vec!["load it in the program that logged it".to_owned()];
            return Err(Error::Arguments { magic: "track".to_owned(), message, advice });
        }
        cx.run_cell(&format!("let {into} = ::ironbook::models::load::<{type_path}>({uri})?;"))?;
        cx.run_cell(&into)
    }))
}

/// Whether a text is nothing but the path of a type of the library, with such types as arguments.
fn is_type(text: &str) -> bool {
    fn ours(path: &syn::Path) -> bool {
        let first = path.segments.first().is_some_and(|segment| segment.ident == "ironbook");
        first
            && path.leading_colon.is_some()
            && path.segments.iter().all(|segment| match &segment.arguments {
                syn::PathArguments::None => true,
                syn::PathArguments::AngleBracketed(arguments) => arguments.args.iter().all(|argument| match argument {
                    syn::GenericArgument::Type(syn::Type::Path(inner)) => inner.qself.is_none() && ours(&inner.path),
                    _ => false,
                }),
                syn::PathArguments::Parenthesized(_) => false,
            })
    }
    syn::parse_str::<syn::TypePath>(text).is_ok_and(|path| path.qself.is_none() && ours(&path.path))
}

fn start(
    call: &Call<'_>,
    experiment: &str,
    name: Option<String>,
    tags: &[String],
    nest: bool,
    replace: bool,
) -> Result<String, Error> {
    let mut options = "::ironbook::track::RunOptions::default()".to_owned();
    options.extend(name.map(|name| format!(".name({})", literal(&name))));
    for tag in tags {
        let Some((key, value)) = tag.split_once('=') else {
            return Err(call.wrong(format!("the tag `{tag}` has no value"), "write `--tag KEY=VALUE`"));
        };
        options.push_str(&format!(".tag({}, {})", literal(key), literal(value)));
    }
    if nest || replace {
        let choice = if nest { "Nest" } else { "End" };
        options.push_str(&format!(".when_active(::ironbook::track::WhenActive::{choice})"));
    }
    Ok(format!("{{ ::ironbook::track::start({}, {options})?; }}", literal(experiment)))
}

/// A name and its expression.
struct Pair {
    name: String,
    value: String,
    /// The value of a text literal.
    text: bool,
}

/// The pairs of a call. Words without `=` belong to the expression before: `loss=a + b` is three words.
fn pairs(call: &Call<'_>, words: &[String]) -> Result<Vec<Pair>, Error> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in words {
        match (name_of(word), pairs.last_mut()) {
            (Some(name), _) => pairs.push((name.to_owned(), word[name.len() + 1..].to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => {
                return Err(call.wrong(format!("`{word}` has no value"), format!("write `{word}=expression`")));
            }
        }
    }
    pairs.into_iter().map(|(name, value)| pair(call, name, &value)).collect()
}

/// The name before the `=` of a word, if it is one: letters, digits, `_`, `.`, `-`, `/`, as in `val/loss@10=..`.
fn name_of(word: &str) -> Option<&str> {
    let (name, value) = word.split_once('=')?;
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '@' | ':');
    (name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(fits) && !value.starts_with('='))
        .then_some(name)
}

fn pair(call: &Call<'_>, name: String, value: &str) -> Result<Pair, Error> {
    let value = value.trim();
    let inner = value.strip_prefix('{').and_then(|value| value.strip_suffix('}')).unwrap_or(value).trim();
    match syn::parse_str::<syn::Expr>(inner) {
        Ok(expr) => {
            let text = matches!(&expr, syn::Expr::Lit(literal) if matches!(literal.lit, syn::Lit::Str(_)));
            Ok(Pair { name, value: inner.to_owned(), text })
        }
        Err(error) => Err(call.wrong(
            format!("the value of `{name}` is no expression: `{inner}` ({error})"),
            format!("give a Rust expression: {name}=0.5, {name}={{loss}}, {name}=\"text\""),
        )),
    }
}

fn param(pair: &Pair) -> String {
    format!("::ironbook::track::log_param({}, {})?; ", literal(&pair.name), pair.value)
}

fn log(call: &Call<'_>, values: &[String], step: Option<&str>) -> Result<String, Error> {
    let pairs = pairs(call, values)?;
    let params = pairs.iter().filter(|pair| pair.text).map(param).collect::<String>();
    let metrics: Vec<_> = pairs.iter().filter(|pair| !pair.text).collect();
    let logged = match step {
        Some(step) => {
            if syn::parse_str::<syn::Expr>(step).is_err() {
                return Err(call.wrong(format!("the step `{step}` is no expression"), "give a number or a variable"));
            }
            let one = |pair: &&Pair| {
                let (name, value) = (literal(&pair.name), &pair.value);
                format!("::ironbook::track::log_metric_at({name}, ({value}) as f64, {step})?; ")
            };
            metrics.iter().map(one).collect::<String>()
        }
        None if metrics.is_empty() => String::new(),
        None => {
            let all: Vec<_> = metrics.iter().map(|p| format!("({}, ({}) as f64)", literal(&p.name), p.value)).collect();
            format!("::ironbook::track::log_metrics(&[{}])?; ", all.join(", "))
        }
    };
    Ok(format!("{{ {params}{logged}}}"))
}

#[cfg(test)]
mod tests {
    use super::is_type;

    #[test]
    fn only_types_of_the_library_reach_a_cell() {
        assert!(is_type("::ironbook::learn::Gbdt"));
        assert!(is_type("::ironbook::features::Featured<::ironbook::learn::Gbdt>"));
        for other in [
            "",
            "Gbdt",
            "::std::fs::File",
            "::ironbook::learn::Ridge>(\"x\").ok(); std::fs::write(\"f\", \"1\")?; let model = load::<::ironbook::learn::Ridge",
            "::ironbook::features::Featured<::std::fs::File>",
            "::ironbook::learn::Ridge; panic!()",
            "<::ironbook::learn::Ridge as T>::X",
        ] {
            assert!(!is_type(other), "{other}");
        }
    }
}
