//! `%reset`: forgets variables and items.

use crate::context::Context;
use crate::error::Error;
use crate::error::did_you_mean;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE};
use ironbook_session::FailureKind;

/// `%reset`.
pub struct Reset;

#[derive(clap::Args)]
struct Arguments {
    /// Forget everything without being asked again
    #[arg(short, long)]
    force: bool,
    /// Variables to forget; all, and all items, if there are none
    #[arg(value_hint = VARIABLE)]
    names: Vec<String>,
}

impl Magic for Reset {
    fn name(&self) -> &'static str {
        "reset"
    }

    fn summary(&self) -> &'static str {
        "Forget all variables and items, or the variables that are named"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "let answer = 42;\n%reset answer\n%who", expect: Expect::Contains("forgotten: answer") },
            Example { code: "%reset -f", expect: Expect::Ok },
            Example { code: "%reset nothing_of_this_name", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| if args.names.is_empty() { all(cx, args.force) } else { some(cx, &args.names) }))
    }
}

fn all(cx: &mut Context<'_>, force: bool) -> Result<(), Error> {
    let (variables, items) = (cx.engine.variables().len(), cx.engine.items().len());
    if !force && variables + items > 0 {
        return Err(Error::Refused {
            reason: format!("{variables} variables and {items} items would be forgotten"),
            advice: "`%reset -f` does it; `%reset name` forgets one variable".to_owned(),
        });
    }
    cx.engine.reset();
    cx.say(format!("forgotten: {variables} variables, {items} items"));
    Ok(())
}

/// All the names, or, if one of them is none, nothing.
fn some(cx: &mut Context<'_>, names: &[String]) -> Result<(), Error> {
    let variables = cx.engine.variables();
    let known: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
    if let Some(missing) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let advice = did_you_mean(missing, known, "").unwrap_or_else(|| "`%who` lists the variables".to_owned());
        return Err(Error::Missing { what: "variable", name: missing.clone(), advice: vec![advice] });
    }
    let gone = cx.engine.forget(names);
    cx.say(format!("forgotten: {}", gone.join(", ")));
    Ok(())
}
