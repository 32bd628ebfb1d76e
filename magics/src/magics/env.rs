//! `%env`: environment variables of cells and commands.

use crate::context::Context;
use crate::error::Error;
use crate::error::did_you_mean;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::split::Style;
use crate::table::{left, table};
use ironbook_session::FailureKind;
use std::collections::BTreeMap;

/// `%env`.
pub struct Env;

#[derive(clap::Args)]
#[command(override_usage = "%env [NAME | NAME=VALUE | -u NAME]")]
struct Arguments {
    /// Remove the variable
    #[arg(short, long, value_name = "NAME")]
    unset: Option<String>,
}

impl Magic for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn summary(&self) -> &'static str {
        "Show or set environment variables of cells and shell commands"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn style(&self) -> Style {
        Style::Text
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                code: "%env GREETING=hello\nstd::env::var(\"GREETING\").unwrap()",
                expect: Expect::Contains("hello"),
            },
            Example { code: "%env GREETING=hello world\n!echo $GREETING", expect: Expect::Contains("hello world") },
            Example { code: "%env NO_SUCH_VARIABLE_IS_SET", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let text = call.rest().trim().to_owned();
        // evcxr and IPython both read `NAME=value` and `NAME value`; a name alone is a question.
        let (name, value) = match text.split_once('=').or_else(|| text.split_once(char::is_whitespace)) {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
            None => (text, None),
        };
        if name.contains(char::is_whitespace) || name.is_empty() && value.is_some() {
            return Err(call.wrong(format!("`{name}` is no name of a variable"), "write `%env NAME=value`"));
        }
        Ok(Lowered::action(move |cx| match (args.unset, value) {
            (Some(name), _) => set(cx, &name, None),
            (None, Some(value)) => set(cx, &name, Some(value)),
            (None, None) if name.is_empty() => {
                list(cx);
                Ok(())
            }
            (None, None) => show(cx, &name),
        }))
    }
}

fn set(cx: &mut Context<'_>, name: &str, value: Option<String>) -> Result<(), Error> {
    cx.engine.set_env(name, value.as_deref())?;
    cx.say(match &value {
        Some(value) => format!("{name}={value}"),
        None => format!("{name} is not set any more"),
    });
    cx.state.env.insert(name.to_owned(), value);
    Ok(())
}

/// The environment in which the session started, with what `%env` changed.
fn all(cx: &Context<'_>) -> BTreeMap<String, String> {
    let started = std::env::vars_os();
    let mut all: BTreeMap<_, _> = started
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    for (name, value) in &cx.state.env {
        match value {
            Some(value) => all.insert(name.clone(), value.clone()),
            None => all.remove(name),
        };
    }
    all
}

/// Parts of names whose values are not shown in the list, which a notebook would keep.
const SECRET: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "KEY"];

fn list(cx: &mut Context<'_>) {
    let hide = |name: &str| SECRET.iter().any(|word| name.to_uppercase().contains(word));
    let rows = all(cx).into_iter().map(|(name, value)| {
        let value = if hide(&name) { "<hidden>".to_owned() } else { value };
        vec![name, value]
    });
    let rows: Vec<_> = rows.collect();
    cx.show(table(&[left("name"), left("value")], &rows));
}

fn show(cx: &mut Context<'_>, name: &str) -> Result<(), Error> {
    if let Some(value) = cx.env(name) {
        cx.say(value);
        return Ok(());
    }
    let names = all(cx);
    let mut advice: Vec<_> = did_you_mean(name, names.keys().map(String::as_str), "").into_iter().collect();
    advice.push(format!("`%env {name}=value` sets it"));
    Err(Error::Missing { what: "environment variable", name: name.to_owned(), advice })
}
