//! `%drift`: whether data are distributed as a reference is, column by column.

use super::serve::is_address;
use crate::drift_choices::{DriftCheck, DriftChoices};
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE, literal};
use crate::split::Style;
use ironbook_session::FailureKind;

/// `%drift`.
pub struct Drift;

/// The variable that a report stays in.
const REPORT: &str = "drift_report";
/// Characters of an expression that views call a table by, at most.
const LONGEST: usize = 24;
/// Endings of files that tables are read from.
const ENDINGS: [&str; 8] = [".parquet", ".csv", ".csv.gz", ".csv.zst", ".tsv", ".json", ".jsonl", ".ndjson"];

#[derive(clap::Args)]
#[command(
    after_help = "Tables are expressions of the session (a DataFrame, LazyFrame or Dataset), or paths of Parquet, CSV or JSON files.\n\
                  The report stays in the variable `drift_report`; its numbers and its page go to the active run.\n\
                  In Rust: `drift::compare(&train, &recent)?`."
)]
struct Arguments {
    /// The data that others are held against: those that a model was trained on
    #[arg(value_hint = VARIABLE)]
    reference: String,
    /// The data in question
    #[arg(value_hint = VARIABLE, required_unless_present = "log", conflicts_with = "log")]
    current: Option<String>,
    /// Take the requests that a server has logged into this directory instead
    #[arg(long, value_name = "DIRECTORY", value_hint = clap::ValueHint::DirPath)]
    log: Option<String>,
    /// Of the log, the requests from this time on: 2026-06-01, 2026-06-01T12:00, or 24h (ago)
    #[arg(long, value_name = "TIME", requires = "log")]
    since: Option<String>,
    /// Of the log, the requests before this time
    #[arg(long, value_name = "TIME", requires = "log")]
    until: Option<String>,
    /// Of the log, the requests to the model of this name
    #[arg(long, value_name = "NAME", requires = "log")]
    served: Option<String>,
    /// Of the log, the requests that this version of the model has answered
    #[arg(long, value_name = "VERSION", requires = "log")]
    served_version: Option<String>,
    /// Labels that came later: Parquet files with request_id, row and label, for the column that --target names
    #[arg(long, value_name = "FILE", requires_all = ["log", "target"], value_hint = clap::ValueHint::FilePath)]
    labels: Option<String>,
    /// A model, or its address (models:/NAME@ALIAS, ..): its columns and its predictions are compared, ranked by drift times
    /// how much it goes by them
    #[arg(short, long, value_hint = VARIABLE)]
    model: Option<String>,
    #[command(flatten)]
    choices: DriftChoices,
    /// Fail, after the report, when this has happened
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<DriftCheck>,
    /// Write the report as an HTML page, too
    #[arg(short, long, value_name = "FILE.html", value_hint = clap::ValueHint::FilePath)]
    report: Option<String>,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    json: Option<String>,
}

impl Magic for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn summary(&self) -> &'static str {
        "Compare data with a reference: which columns have drifted, and by how much"
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
                code: "let winter = df![\"temp\" => [31.0, 28.5, 35.2, 30.1], \"origin\" => [\"EWR\", \"JFK\", \"EWR\", \"JFK\"]]?;\nlet summer = df![\"temp\" => [78.1, 81.5, 75.0, 80.2], \"origin\" => [\"JFK\", \"JFK\", \"EWR\", \"EWR\"]]?;\n%drift winter summer",
                expect: Expect::Contains("1 of 2 columns drifted"),
            },
            Example {
                code: "let hours: Vec<i32> = (0..400).map(|i| i % 24).collect();\nlet late: Vec<bool> = hours.iter().map(|hour| *hour > 17).collect();\nlet all = df![\"hour\" => hours, \"late\" => late]?;\nlet data = Dataset::new(&all, &[\"hour\"], \"late\")?;\nlet model = Gbdt::params().n_estimators(5).fit(&data)?;\n%drift all all.tail(Some(150)) --model model --test hour=ks --share 0.8",
                expect: Expect::Contains("importance"),
            },
            Example {
                code: "let x: Vec<i32> = (0..100).collect();\nlet all = df![\"x\" => x.clone(), \"y\" => x.iter().map(|x| x * 2).collect::<Vec<_>>()]?;\nlet model = LinearRegression::params().fit(&Dataset::new(&all, &[\"x\"], \"y\")?)?;\n%track register model --as doubles\n%drift all all.tail(Some(40)) --model models:/doubles/1",
                expect: Expect::Contains("prediction"),
            },
            Example {
                code: "write_csv(&df![\"x\" => [1.0, 2.0]]?, \"before.csv\")?;\n%drift before.csv df![\"x\" => [1.0, 2.0]]? --fail-on schema",
                expect: Expect::Contains("0 of 1 columns drifted"),
            },
            Example { code: "%drift train", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%drift train recent --test hour=nose", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let reference = Table::of(call, &args.reference, "reference")?;
        let current = match (&args.current, &args.log) {
            (_, Some(directory)) => Table { rust: log(&args, directory), name: "requests".to_owned() },
            (Some(current), None) => Table::of(call, current, "current")?,
            (None, None) => return Err(call.wrong("there is nothing to compare with", "`%drift train recent`")),
        };
        let mut given = vec![reference.rust, current.rust];
        if let Some(model) = args.model.as_ref().filter(|model| !is_address(model)) {
            given.push(expression(call, model, "the model")?);
        }
        Ok(Lowered::rust(lowered(&args, [&reference.name, &current.name], &given)))
    }
}

/// The statements: what was given is looked at first, so that no name of ours comes before one of the user's.
fn lowered(args: &Arguments, names: [&str; 2], given: &[String]) -> String {
    let values: Vec<String> = given.iter().map(|value| format!("&({value})")).collect();
    let [reference, current] = names.map(literal);
    let options =
        format!("::ironbook::drift::DriftOptions::new().names({reference}, {current}){}", args.choices.to_rust());
    let tables = "let (reference, current) = (::ironbook::drift::table(given.0)?, ::ironbook::drift::table(given.1)?);";
    let compared = match &args.model {
        Some(model) if is_address(model) => {
            format!("::ironbook::drift::compare_with_address({options}, {}, &reference, &current)?", literal(model))
        }
        Some(_) => format!("::ironbook::drift::compare_with({options}, given.2, &reference, &current)?"),
        None => format!("{options}.compare(&reference, &current)?"),
    };
    let files = [("save_html", &args.report), ("save_json", &args.json)];
    let files =
        files.into_iter().filter_map(|(save, path)| Some(format!(" {REPORT}.{save}({})?;", literal(path.as_ref()?))));
    let checks = args.fail_on.iter().map(|on| format!(" {REPORT}.require(::ironbook::drift::FailOn::{on:?})?;"));
    format!(
        "let {REPORT} = {{ let given = ({}); {tables} {compared} }}; ::ironbook::display(&{REPORT});{} \
         ::ironbook::drift::tell(&{REPORT})?;{}",
        values.join(", "),
        files.collect::<String>(),
        checks.collect::<String>()
    )
}

/// A table as the user has named it.
struct Table {
    rust: String,
    /// What views call it.
    name: String,
}

impl Table {
    fn of(call: &Call<'_>, text: &str, otherwise: &str) -> Result<Table, Error> {
        // A word in quotes comes without them.
        let quoted = call.rest().contains(&literal(text));
        if quoted || ENDINGS.iter().any(|ending| text.ends_with(ending)) || text.ends_with('/') {
            let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
            let name = ENDINGS.iter().rev().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
            return Ok(Table { rust: literal(text), name: name.to_owned() });
        }
        let rust = expression(call, text, "the table")?;
        let name = if text.chars().count() <= LONGEST { text } else { otherwise };
        Ok(Table { rust, name: name.to_owned() })
    }
}

fn expression(call: &Call<'_>, text: &str, what: &str) -> Result<String, Error> {
    match syn::parse_str::<syn::Expr>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(call.wrong(
            format!("{what} `{text}` is no expression ({error})"),
            "name variables, or paths in quotes: `%drift train \"recent.parquet\"`",
        )),
    }
}

/// The requests of a log.
fn log(args: &Arguments, directory: &str) -> String {
    let mut rust = format!("::ironbook::drift::requests({})", literal(directory));
    let named = [("model", &args.served), ("version", &args.served_version)];
    rust.extend(named.into_iter().filter_map(|(call, name)| Some(format!(".{call}({})", literal(name.as_ref()?)))));
    let times = [("since", &args.since), ("until", &args.until)];
    rust.extend(
        times.into_iter().filter_map(|(call, time)| {
            Some(format!(".{call}(::ironbook::drift::moment({})?)", literal(time.as_ref()?)))
        }),
    );
    if let (Some(path), Some(target)) = (&args.labels, &args.choices.target) {
        rust.push_str(&format!(".labels({}, {})", literal(path), literal(target)));
    }
    rust + ".read()?"
}
