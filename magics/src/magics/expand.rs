//! `%expand`: the Rust that stands behind a cell or a magic.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic};
use crate::plan::Step;
use crate::split::Style;
use ironbook_core::Bundle;
use ironbook_session::{Part, Source};

/// `%expand`.
pub struct Expand;

#[derive(clap::Args)]
#[command(after_help = "A magic shows the Rust that it stands for; other Rust, and -c, the whole crate that is \
                        compiled. Nothing runs. Without code: the cell that was compiled last.")]
struct Arguments {
    /// Show the whole crate, for magics as well
    #[arg(short, long)]
    crate_: bool,
}

impl Magic for Expand {
    fn name(&self) -> &'static str {
        "expand"
    }

    fn summary(&self) -> &'static str {
        "Show the Rust that a magic or a cell becomes, without running it"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
            .mut_arg("crate_", |arg| arg.long("crate"))
            .override_usage("%expand [-c] [CODE]\n       %%expand [-c]")
    }

    fn form(&self) -> Form {
        Form::Both
    }

    fn style(&self) -> Style {
        Style::Text
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%expand %seed 42", expect: Expect::Contains("ironbook::seed::set(42)") },
            Example { code: "%expand %who", expect: Expect::Contains("no Rust") },
            Example { code: "%%expand\nlet x = 1;\nx + 1", expect: Expect::Contains("let x = 1;") },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let code = if call.body.is_some() { call.body() } else { call.rest() }.to_owned();
        Ok(Lowered::action(move |cx| expand(cx, &code, args.crate_)))
    }
}

fn expand(cx: &mut Context<'_>, code: &str, whole: bool) -> Result<(), Error> {
    if code.trim().is_empty() {
        let last = cx.state.last.clone().ok_or_else(|| Error::Refused {
            reason: "no cell was compiled yet".to_owned(),
            advice: "write `%expand code`, or `%%expand` over a cell".to_owned(),
        })?;
        return show_crate(cx, &last);
    }
    for step in cx.plan(code)? {
        match step {
            Step::Rust { source, .. } => {
                let lowered = source.parts.iter().any(|part| matches!(part, Part::Lowered { .. }));
                if lowered && !whole { rust(cx, &source.rust()) } else { show_crate(cx, &source)? }
            }
            Step::Action { range, .. } => {
                cx.say(format!("{}: the session does this, no Rust is compiled", &code[range]));
            }
        }
    }
    Ok(())
}

fn show_crate(cx: &mut Context<'_>, source: &Source) -> Result<(), Error> {
    let text = cx.engine.expand(source)?;
    rust(cx, &text);
    Ok(())
}

fn rust(cx: &mut Context<'_>, text: &str) {
    let text = text.trim_end();
    cx.show(Bundle::text(text).with("text/markdown", format!("```rust\n{text}\n```").into()));
}
