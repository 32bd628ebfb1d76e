//! `%serve`: a model behind HTTP, the list of servers, and their end.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE, literal};
use crate::split::Style;
use ironbook_session::FailureKind;
use std::fmt::Display;

/// `%serve`.
pub struct Serve;

#[derive(clap::Args)]
#[command(
    after_help = "A model of the library runs in a process of its own, which ends with the session unless --keep is given. \
                        A value of a type\nof your own that implements `Predict` runs on threads of the session's runtime, and ends with that.\n\
                        %serve alone lists all servers. Run again with the same port, it takes the place of this session's server."
)]
struct Arguments {
    /// A variable or expression that holds a model, or an address: models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN/PATH,
    /// ./DIRECTORY of a logged model
    #[arg(value_hint = VARIABLE)]
    model: Option<String>,
    /// Port to listen at; 0 takes a free one [default: 8080]
    #[arg(short, long)]
    port: Option<u16>,
    /// Name under which the model is served [default: the variable's, or the registry's]
    #[arg(long)]
    name: Option<String>,
    /// Directory in which requests and answers are logged, as Parquet files
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    log: Option<String>,
    /// Share of the requests that are logged, 0 to 1
    #[arg(long, value_name = "SHARE", requires = "log")]
    log_sample: Option<f64>,
    /// Columns whose values are left out of the log, separated by commas
    #[arg(long, value_name = "COLUMNS", requires = "log")]
    redact: Option<String>,
    /// API key that clients must know; without a value one is made up and shown [default: the variable IRONBOOK_SERVE_KEY]
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "", conflicts_with = "no_key")]
    api_key: Option<String>,
    /// Ask nobody for a key
    #[arg(long)]
    no_key: bool,
    /// Let other machines in without a key: the network is trusted
    #[arg(long)]
    allow_remote: bool,
    /// Let the server go on when the session ends
    #[arg(long)]
    keep: bool,
    /// Leave out columns that the model does not read, instead of refusing the request
    #[arg(long)]
    ignore_extra: bool,
    /// Address to listen at [default: 127.0.0.1]
    #[arg(long)]
    host: Option<String>,
    /// Stop a server, by its name, port or id; without one, those that this session has started
    #[arg(long, value_name = "NAME|PORT|ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["model", "port", "name"])]
    stop: Option<String>,
    /// Further options of `ironbook serve`, after `--`
    #[arg(last = true, value_name = "OPTIONS")]
    more: Vec<String>,
}

impl Magic for Serve {
    fn name(&self) -> &'static str {
        "serve"
    }

    fn summary(&self) -> &'static str {
        "Serve a model over HTTP, list the servers, or stop one"
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
                code: "let flights = df![\"hour\" => [6.0, 9.0, 17.0, 20.0], \"late\" => [0, 0, 1, 1]]?;\nlet model = Gbdt::params().n_estimators(5).fit(&Dataset::new(&flights, &[\"hour\"], \"late\")?)?;\n%serve model --port 0 --name late\n%serve\n%serve --stop late",
                expect: Expect::Contains("late at http://127.0.0.1:"),
            },
            Example { code: "%serve 1 +", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%serve --port 8080", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        if let Some(named) = &args.stop {
            let named = if named.is_empty() { "None".to_owned() } else { format!("Some({})", literal(named)) };
            return Ok(Lowered::rust(shown(&format!("stop({named})?"))));
        }
        let Some(model) = &args.model else {
            if call.rest().trim().is_empty() {
                return Ok(Lowered::rust(shown("servers()")));
            }
            return Err(call.wrong("no model is named", "write `%serve model`; `%serve` alone lists the servers"));
        };
        let asked = asked(model, &args);
        if is_address(model) {
            return Ok(Lowered::rust(shown(&format!("start_at(&{asked})?"))));
        }
        if syn::parse_str::<syn::Expr>(model).is_err() {
            let advice = "give a variable that holds a model, or an address such as models:/NAME@ALIAS";
            return Err(call.wrong(format!("the model `{model}` is no expression"), advice));
        }
        Ok(Lowered::rust(format!(
            "{{ use ::ironbook::serve::cells::{{ByClone as _, ByFile as _, NoWay as _, Plain as _, WithProbabilities as _}}; \
             let __ironbook_model = &({model}); \
             let __ironbook_offer = ::ironbook::serve::cells::Offer::new(__ironbook_model); \
             ::ironbook::display(&::ironbook::serve::cells::start(__ironbook_model, &(&&&__ironbook_offer).copying(), \
             (&&__ironbook_offer).serving(), &{asked})?); }}"
        )))
    }
}

/// Shows what a function of servers returns.
fn shown(call: &str) -> String {
    format!("::ironbook::display(&::ironbook::serve::cells::{call});")
}

/// Whether a text names a place of models, and no value.
pub(super) fn is_address(text: &str) -> bool {
    ["models:/", "runs:/", "./", "../", "/"].iter().any(|begin| text.starts_with(begin)) || text == "."
}

fn asked(model: &str, args: &Arguments) -> String {
    let mut options = Vec::new();
    option(&mut options, "--port", args.port.as_ref());
    option(&mut options, "--name", args.name.as_ref());
    option(&mut options, "--host", args.host.as_ref());
    option(&mut options, "--log", args.log.as_ref());
    option(&mut options, "--log-sample", args.log_sample.as_ref());
    option(&mut options, "--redact", args.redact.as_ref());
    let switches = [("--ignore-extra", args.ignore_extra), ("--allow-remote", args.allow_remote)];
    options.extend(switches.iter().filter(|(_, set)| *set).map(|(name, _)| (*name).to_owned()));
    options.extend(args.more.iter().cloned());
    let options: Vec<String> = options.iter().map(|option| literal(option)).collect();
    let mut asked = format!("::ironbook::serve::cells::Asked::new({}, &[{}])", literal(model), options.join(", "));
    let key = match (&args.api_key, args.no_key) {
        (_, true) => Some("Nothing".to_owned()),
        (Some(key), _) if key.is_empty() => Some("Fresh".to_owned()),
        (Some(key), _) => Some(format!("Given({}.to_owned())", literal(key))),
        (None, false) => None,
    };
    asked.extend(key.map(|key| format!(".key(::ironbook::serve::cells::Key::{key})")));
    if args.keep {
        asked.push_str(".keep()");
    }
    asked
}

fn option(options: &mut Vec<String>, name: &str, value: Option<&impl Display>) {
    options.extend(value.map(|value| format!("{name}={value}")));
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses_are_told_from_expressions() {
        for address in ["models:/late@champion", "models:/late/3", "runs:/1f3a/model", "./model", "../m", "/srv/m", "."]
        {
            assert!(is_address(address), "{address}");
        }
        for expression in ["model", "models[0]", "&model", "a / b", "run.model"] {
            assert!(!is_address(expression), "{expression}");
        }
    }
}
