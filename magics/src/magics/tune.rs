//! `%%tune`: a search for the parameters with which the code of a cell is best.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic, Rust, literal};
use crate::questions::{self, Questions};
use crate::split::Style;
use ironbook_session::{FailureKind, Part};

/// `%%tune`.
pub struct Tune;

/// Level at which the session compiles what is tried again and again, unless `%opt` sets one.
const OPT_LEVEL: u8 = 2;

#[derive(clap::Args)]
#[command(after_help = "The lines below are Rust over the session's variables. They ask `trial` for parameters: \
                        trial.int(\"max_depth\", 3..=10), int_step, log_int, float, float_step, log_float, categorical, \
                        also in branches and loops, and end in a number. `trial.step(epoch, value)?` lets the pruner end \
                        them early, `cross_validate_pruned(&params, &data, folds, trial)?` does so fold by fold.\n\n\
                        The winner is the variable best_NAME: best.value(), best.float(\"learning_rate\")?, best.int(..)?, \
                        best.text(..)?, best.code(). While a run is active (%track start), the study is a run in it, and \
                        each trial one in the study's.")]
struct Arguments {
    /// Name of the study
    name: String,
    /// Trials that the study is to have in all [default: 100, with --timeout no limit]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    trials: Option<u64>,
    /// After this no trial is begun, and running ones are to end: seconds, or 90s, 10m, 1h30m
    #[arg(short, long, value_name = "TIME")]
    timeout: Option<String>,
    /// What the number is called, if large ones are sought
    #[arg(long, value_name = "METRIC", conflicts_with = "minimize")]
    maximize: Option<String>,
    /// What the number is called, if small ones are sought [default: value]
    #[arg(long, value_name = "METRIC")]
    minimize: Option<String>,
    /// Who chooses parameters
    #[arg(long, value_parser = ["tpe", "random", "grid"], default_value = "tpe")]
    sampler: String,
    /// Values of a parameter for the grid: NAME=3,6,9; may be repeated
    #[arg(long, value_name = "NAME=VALUES")]
    grid: Vec<String>,
    /// Who ends trials early
    #[arg(long, value_parser = ["none", "median", "asha", "hyperband"], default_value = "none")]
    pruner: String,
    /// Threads that run trials; -1 for one per core
    #[arg(short, long, default_value_t = 1, value_name = "N", value_parser = jobs)]
    jobs: u64,
    /// Where trials are kept: sqlite:///late.db (four slashes for an absolute path) [default: memory]
    #[arg(long, value_name = "URL")]
    storage: Option<String>,
    /// Go on with the study if it exists
    #[arg(long)]
    resume: bool,
    /// Equal seeds, equal studies with one job [default: the session's]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Trials that are listed at the end
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: u32,
}

/// A number of threads, or -1 for as many as there are cores.
fn jobs(text: &str) -> Result<u64, String> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)),
        Ok(jobs @ 1..=1024) => Ok(jobs.unsigned_abs()),
        _ => Err("give 1 to 1024 threads, or -1 for one per core".to_owned()),
    }
}

impl Magic for Tune {
    fn name(&self) -> &'static str {
        "tune"
    }

    fn summary(&self) -> &'static str {
        "Search for the parameters with which the cell's number is best"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn form(&self) -> Form {
        Form::Cell
    }

    fn style(&self) -> Style {
        Style::Body
    }

    fn gives(&self) -> &'static [(&'static str, &'static str)] {
        &[("trial", "Trial")]
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                code: "%%tune parabola --trials 30 --minimize loss --seed 1\nlet x = trial.float(\"x\", -5.0..=5.0);\n(x - 2.0).powi(2)",
                expect: Expect::Contains("Best trials"),
            },
            Example {
                code: "%%tune shelf --sampler grid --grid depth=3,6,9 --grid kind=oak,ash --maximize score\nlet depth: i32 = trial.int(\"depth\", 1..=9);\nlet kind = trial.categorical(\"kind\", [\"oak\", \"ash\"]);\nf64::from(depth) + if kind == \"oak\" { 0.5 } else { 0.0 }",
                expect: Expect::Contains("6 complete"),
            },
            Example {
                code: "%%tune steps --trials 20 --pruner median --jobs 2 --maximize score\nlet rate = trial.log_float(\"rate\", 1e-3..1.0);\nlet mut score = 0.0;\nfor epoch in 0..5 {\n    score += rate * (1.0 - rate);\n    trial.step(epoch, score)?;\n}\nscore",
                expect: Expect::Contains("pruner median"),
            },
            Example { code: "%%tune late --sampler grid\n1.0", expect: Expect::Failed(FailureKind::Magic) },
            Example {
                code: "%%tune late --timeout soon\ntrial.float(\"x\", 0.0..=1.0)",
                expect: Expect::Failed(FailureKind::Magic),
            },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        if call.body().trim().is_empty() {
            return Err(call.wrong("there is nothing to try", "write the code below, ending in a number"));
        }
        let search = search(call, &args)?;
        let code = questions::of(call.body());
        let variable = variable(&args.name);
        let before = format!("let {variable} = {search}{}.run(|trial: &::ironbook::tune::Trial| {{\n", code.rust());
        let rust = Rust { opt_level: Some(OPT_LEVEL), ..Rust::default() };
        let rust = objective(call, &code, rust.made(before));
        Ok(Lowered::Rust(rust.made(format!("\n}})?;\n::ironbook::tuning::settled(&{variable})?;"))))
    }
}

/// `best_late_gbdt` for `late-gbdt`.
fn variable(study: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("best_{}", study.chars().map(fits).collect::<String>())
}

/// The lines below as code that ends in what `Search::run` takes.
fn objective(call: &Call<'_>, code: &Questions<'_>, rust: Rust) -> Rust {
    // Nothing but `Ok(..)` would say of which type its errors are.
    let turn = if code.ends_in_result() { "::ironbook::tuning::result(" } else { "::ironbook::tuning::value(" };
    let start = call.body.as_ref().map_or(0, |body| body.start);
    match (code.tail(), call.parts.as_slice()) {
        // Errors about the last expression point at it alone.
        (Some(tail), [Part::User(body)]) => {
            let tail = tail.start + start..tail.end + start;
            let rust = rust.verbatim(body.start..tail.start).made(turn).verbatim(tail.clone());
            rust.made(")").verbatim(tail.end..body.end)
        }
        _ => rust.made(format!("{turn}{{\n")).parts(call.parts.clone()).made("\n})"),
    }
}

/// The search as Rust builds it.
fn search(call: &Call<'_>, args: &Arguments) -> Result<String, Error> {
    let (direction, metric) = match (&args.maximize, &args.minimize) {
        (Some(metric), _) => ("Maximize", metric.as_str()),
        (None, metric) => ("Minimize", metric.as_deref().unwrap_or("value")),
    };
    let mut out = format!(
        "::ironbook::tuning::Search::new({}, ::ironbook::tune::Direction::{direction}, {})",
        literal(&args.name),
        literal(metric)
    );
    out.extend(args.trials.map(|trials| format!(".trials({trials})")));
    if let Some(timeout) = &args.timeout {
        out.push_str(&format!(".timeout({:?})", seconds(call, timeout)?));
    }
    match (args.sampler.as_str(), args.grid.is_empty()) {
        ("grid", true) => {
            return Err(call.wrong(
                "a grid needs the values of each parameter",
                "list them: `--grid max_depth=3,6,9 --grid rate=0.01,0.1`",
            ));
        }
        ("grid", false) => out.push_str(&format!(".grid({})", grid(call, &args.grid)?)),
        (_, false) => {
            return Err(call.wrong("`--grid` is for the sampler `grid`", "add `--sampler grid`, or leave it out"));
        }
        ("random", true) => out.push_str(".random()"),
        _ => {}
    }
    if args.pruner != "none" {
        out.push_str(&format!(".{}()", args.pruner));
    }
    if args.jobs > 1 {
        out.push_str(&format!(".jobs({})", args.jobs));
    }
    out.extend(args.seed.map(|seed| format!(".seed({seed})")));
    out.extend(args.storage.as_ref().map(|url| format!(".storage({})", literal(url))));
    if args.resume {
        out.push_str(".resume()");
    }
    if args.top != 5 {
        out.push_str(&format!(".top({})", args.top));
    }
    Ok(out)
}

/// The seconds of `600`, `90s`, `10m`, `1h30m`.
fn seconds(call: &Call<'_>, text: &str) -> Result<f64, Error> {
    let wrong =
        || call.wrong(format!("`{text}` is no time"), "give seconds, such as 600, or a time, such as 90s, 10m, 1h30m");
    let mut sum = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit: String = rest[end..].chars().take_while(|c| c.is_alphabetic()).collect();
        let factor = match unit.as_str() {
            "" if end == text.len() => 1.0,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        sum += number * factor;
        rest = &rest[end + unit.len()..];
    }
    // A year is longer than any session.
    if sum > 0.0 && sum <= 366.0 * 86_400.0 { Ok(sum) } else { Err(wrong()) }
}

/// The values of a grid as Rust builds them: `NAME=3,6,9` gives numbers, `NAME=oak,ash` names.
fn grid(call: &Call<'_>, lists: &[String]) -> Result<String, Error> {
    let mut out = "::ironbook::tune::Grid::params()".to_owned();
    for list in lists {
        let Some((name, values)) = list.split_once('=').filter(|(name, values)| !name.is_empty() && !values.is_empty())
        else {
            return Err(call.wrong(format!("`--grid {list}` has no values"), "write `--grid max_depth=3,6,9`"));
        };
        let value = |text: &str| match text.trim() {
            text @ ("true" | "false") => text.to_owned(),
            text if text.parse::<i64>().is_ok() => format!("{}i64", text.trim_start_matches('+')),
            text => match text.parse::<f64>().ok().filter(|value| value.is_finite()) {
                Some(value) => format!("{value:?}f64"),
                None => literal(text),
            },
        };
        let values: Vec<String> =
            values.split(',').map(|text| format!("::ironbook::tune::ParamValue::from({})", value(text))).collect();
        out.push_str(&format!(".values({}, [{}])", literal(name), values.join(", ")));
    }
    Ok(out)
}
