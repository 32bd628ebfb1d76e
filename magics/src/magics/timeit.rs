//! `%timeit`: how long an expression takes, measured over many repetitions.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic, Rust};
use crate::measure;
use crate::split::Style;
use ironbook_session::FailureKind;

/// `%timeit`.
pub struct Timeit;

/// Runs, unless the user says otherwise; as IPython.
const RUNS: u32 = 7;
/// Level at which the session compiles what is measured, unless `%opt` sets one.
const OPT_LEVEL: u8 = 2;

#[derive(clap::Args)]
#[command(after_help = "The code after the options is compiled with optimisations, unless %opt sets a level. \
                        %%timeit measures its cell; code on its own line is run once before.")]
struct Arguments {
    /// Repetitions in a run [default: as many as take 0.2 s]
    #[arg(short = 'n', long, value_name = "N")]
    loops: Option<u64>,
    /// Runs
    #[arg(short, long, value_name = "R", default_value_t = RUNS)]
    runs: u32,
}

impl Magic for Timeit {
    fn name(&self) -> &'static str {
        "timeit"
    }

    fn summary(&self) -> &'static str {
        "Time an expression over many repetitions: mean, standard deviation, best"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
            .override_usage("%timeit [-n N] [-r R] EXPRESSION\n       %%timeit [-n N] [-r R] [SETUP]")
    }

    fn form(&self) -> Form {
        Form::Both
    }

    fn style(&self) -> Style {
        Style::Code
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%timeit -n 100 (1..20u64).product::<u64>()", expect: Expect::Contains("100 loops each") },
            Example {
                code: "%%timeit -r 3 -n 10 let xs = vec![1.5f64; 100];\nxs.iter().sum::<f64>()",
                expect: Expect::Contains("of 3 runs"),
            },
            Example { code: "%timeit -n none 1", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        if args.runs == 0 || args.loops == Some(0) {
            return Err(call.wrong("nothing is measured in 0 repetitions", "give at least 1"));
        }
        let setup = if call.body.is_some() { call.rest.clone() } else { 0..0 };
        let blank = if call.body.is_some() { call.body().trim().is_empty() } else { call.rest.is_empty() };
        if blank {
            return Err(call.wrong("there is nothing to measure", "write `%timeit expression`"));
        }
        let mut rust = Rust { opt_level: Some(OPT_LEVEL), ..Rust::default() };
        if !setup.is_empty() {
            rust = rust.verbatim(setup).made(";\n");
        }
        rust = rust.made(measure::timeit_before(args.loops.unwrap_or(0), args.runs));
        rust = match call.body {
            Some(_) => rust.parts(call.parts.clone()).made("\n"),
            None => rust.verbatim(call.rest.clone()),
        };
        Ok(Lowered::Rust(rust.made(measure::timeit_after())))
    }
}
