//! `%profile`: what is in a table, and what looks wrong in it.

use crate::error::Error;
use crate::magic::{COLUMN, Call, Example, Expect, Lowered, Magic, VARIABLE, literal};
use crate::split::Style;
use ironbook_session::FailureKind;

/// `%profile`.
pub struct Profile;

#[derive(clap::Args)]
#[command(after_help = "`ironbook::data::profile(&df)?` gives the same as a value.")]
struct Arguments {
    /// A polars DataFrame: a variable, or an expression of the session's Rust
    #[arg(required = true, value_name = "FRAME", value_hint = VARIABLE)]
    frame: Vec<String>,
    /// The column that a model is to predict: each other one is held against it
    #[arg(short, long, value_name = COLUMN)]
    target: Option<String>,
    /// Write the profile as an HTML page, too
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    html: Option<String>,
    /// Look at so many rows only, drawn at random
    #[arg(short, long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Seed of the sample [default: the session's]
    #[arg(long, value_name = "N", requires = "sample")]
    seed: Option<u64>,
}

impl Magic for Profile {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn summary(&self) -> &'static str {
        "Profile a DataFrame: types, missing values, distributions, relations, warnings"
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
                code: "let flights = df![\"delay\" => [5, -2, 30, 5], \"origin\" => [\"EWR\", \"JFK\", \"EWR\", \"EWR\"]]?;\n%profile flights",
                expect: Expect::Contains("4 rows x 2 columns"),
            },
            Example {
                code: "let trips = df![\"km\" => [1.5, 2.0, 9.5], \"late\" => [false, false, true]]?;\n%profile trips.head(Some(3)) --target late",
                expect: Expect::Contains("Target late"),
            },
            Example { code: "%profile", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%profile flights --sample 0", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let frame = args.frame.join(" ");
        if let Err(error) = syn::parse_str::<syn::Expr>(&frame) {
            let message = format!("`{frame}` is no expression ({error})");
            return Err(call.wrong(message, "name a DataFrame: `%profile df --target late`"));
        }
        let mut options = "::ironbook::data::ProfileOptions::new()".to_owned();
        options.extend(args.target.map(|name| format!(".target({})", literal(&name))));
        options.extend(args.sample.map(|rows| format!(".sample({rows})")));
        options.extend(args.seed.map(|seed| format!(".seed({seed})")));
        let page = args.html.map(|path| format!("found.save_html({})?; ", literal(&path))).unwrap_or_default();
        Ok(Lowered::rust(format!(
            "{{ let found = {options}.profile(&({frame}))?; {page}::ironbook::display(&found); }}"
        )))
    }
}
