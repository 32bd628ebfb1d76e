//! `%promote`: what was explored becomes a version of a pipeline.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_promotion as promotion;
use ironbook_promotion::{Options, PromoteError, Request, Writing};
use ironbook_session::FailureKind;
use ironbook_session::library::Paths;
use std::path::PathBuf;

/// `%promote`.
pub struct Promote;

#[derive(clap::Args)]
struct Arguments {
    /// Name of the pipeline: lower-case letters, digits, `-` and `_`
    name: String,
    /// A variable that it is for; may be repeated [default: what was registered or made last]
    #[arg(short, long, value_name = "VARIABLE", value_hint = crate::magic::VARIABLE)]
    target: Vec<String>,
    /// Accept what may keep a run from giving the same: clock, random, environment, file, statics
    #[arg(long, value_name = "REASON", value_parser = ["clock", "random", "environment", "file", "statics"])]
    allow: Vec<String>,
    /// Keep statements that only show something
    #[arg(long)]
    keep_display: bool,
    /// Do not run it before it is published: nothing is proved then
    #[arg(long)]
    no_verify: bool,
    /// Use the library's sources where they are, instead of a copy in the version
    #[arg(long, value_name = "DIRECTORY")]
    link: Option<PathBuf>,
    /// What it is for, in a sentence
    #[arg(short, long, default_value = "")]
    description: String,
}

impl Magic for Promote {
    fn name(&self) -> &'static str {
        "promote"
    }

    fn summary(&self) -> &'static str {
        "Turn what makes a variable into a versioned pipeline, run it apart, and compare"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%promote late-flights --target model", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%promote Not/AName", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let arguments: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| promote(cx, arguments)))
    }
}

fn promote(cx: &mut Context<'_>, arguments: Arguments) -> Result<(), Error> {
    let Some(library) = cx.engine.library() else {
        return Err(refused("this session has no library to build a pipeline with".to_owned(), ""));
    };
    let explored = cx.engine.explored(cx.out)?;
    let request = Request {
        options: Options {
            name: arguments.name,
            targets: arguments.target,
            allow: arguments.allow.into_iter().collect(),
            keep_display: arguments.keep_display,
        },
        writing: Writing { notebook: String::new(), description: arguments.description, link: arguments.link },
        verify: !arguments.no_verify,
    };
    let paths = Paths::from_env();
    let promoted = promotion::promote(&explored, None, &request, (&paths, &library), &mut |_| {});
    match promoted {
        Ok(promoted) => {
            cx.show(promotion::report(&promoted));
            Ok(())
        }
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &PromoteError) -> Error {
    let advice = match error {
        PromoteError::Refused(_) => "mend it, run what depends on it again, and promote once more; nothing was written",
        PromoteError::NotReproduced(..) => {
            "nothing was published: look for what the code does not say (order of groups, parallel sums, files that changed)"
        }
        PromoteError::Build(_) | PromoteError::Verify(_) => {
            "nothing was published; please report the cells if they do run"
        }
        _ => "nothing was published",
    };
    refused(error.to_string(), advice)
}

fn refused(reason: String, advice: &str) -> Error {
    Error::Refused { reason, advice: advice.to_owned() }
}
