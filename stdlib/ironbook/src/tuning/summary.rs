//! What came of a search: the best trials, what matters, charts, and the winner as code.

use super::charts;
use super::search::Search;
use ironbook_core::bundle::escape_html;
use ironbook_core::table::{Table, number};
use ironbook_core::{Bundle, Display};
use ironbook_tune::{Best, Ended, Importance, Report, Study, TrialRecord, TrialState, Unfinished};
use std::time::Duration;

/// Columns and rows of the history in text.
const TEXT: (usize, usize) = (72, 12);
/// Failures that are told.
const FAILURES: usize = 3;

/// What came of a search. It shows itself.
#[derive(Clone, Debug)]
pub struct Summary {
    tables: Vec<Table>,
    charts: String,
    drawn: Option<String>,
    code: String,
}

impl Summary {
    pub(super) fn new(search: &Search<'_>, study: &Study, report: Option<&Report>, best: &Best) -> Self {
        let metric = &search.metric;
        let mut first = head(search, study, report, best);
        failures(study).iter().for_each(|failure| first.note(failure));
        unasked(search, study).iter().for_each(|name| {
            first.note(format!(
                "warning: the grid has values of `{name}`, for which no trial has asked: each was tried in vain"
            ));
        });
        study.look(|history| {
            let mut top: Vec<&TrialRecord> =
                history.trials().iter().filter(|trial| trial.state() == TrialState::Complete).collect();
            let value = |trial: &TrialRecord| trial.value().unwrap_or(f64::NAN);
            let best_first = |a: &&TrialRecord, b: &&TrialRecord| match study.direction() {
                ironbook_tune::Direction::Minimize => value(a).total_cmp(&value(b)),
                ironbook_tune::Direction::Maximize => value(b).total_cmp(&value(a)),
            };
            top.sort_by(best_first);
            top.truncate(search.top);
            let mut tables = vec![first];
            tables.extend((!top.is_empty()).then(|| of_trials(&top, metric)));
            tables.extend(charts::important(history).map(|found| of_importances(&found)));
            Summary {
                tables,
                charts: charts::html(history, metric),
                drawn: charts::history(history, metric).map(|chart| chart.to_text(TEXT.0, TEXT.1)),
                code: best.code().to_owned(),
            }
        })
    }
}

fn head(search: &Search<'_>, study: &Study, report: Option<&Report>, best: &Best) -> Table {
    let counts = study.counts();
    let mut table = Table::card(format!("{}: {} {}", search.name, search.metric, number(best.value())));
    let all = counts.complete + counts.pruned + counts.failed;
    let parts = [(counts.complete, "complete"), (counts.pruned, "pruned"), (counts.failed, "failed")];
    let parts: Vec<String> =
        parts.iter().filter(|part| part.0 > 0).map(|(count, what)| format!("{count} {what}")).collect();
    table.field("trials", format!("{all}: {}", parts.join(", ")));
    table.field("best", format!("trial {}", best.number()));
    table.field(
        "search",
        format!("{} {}, pruner {}", study.direction().verb(), search.sampler_name(), search.pruner_name()),
    );
    if study.place() != "memory" {
        table.field("kept in", study.place());
    }
    if let Some(report) = report {
        let ran = report.counts().complete + report.counts().pruned + report.counts().failed;
        let jobs = if search.jobs > 1 { format!(" with {} jobs", search.jobs) } else { String::new() };
        table.field("time", format!("{} for {ran} trials{jobs}", elapsed(report.elapsed())));
        let early = match report.ended() {
            Ended::Time => Some("its time was over"),
            Ended::Exhausted => Some("every combination was tried"),
            Ended::Trials | Ended::Stopped => None,
        };
        if let Some(why) = early {
            table.note(why);
        }
        report.left_behind().iter().for_each(|left| table.note(format!("warning: {left}")));
    }
    match best.unfinished() {
        None => {}
        Some(Unfinished::Interrupted) => table.note("warning: it was interrupted; `--resume` goes on with it"),
        Some(Unfinished::Failed(why)) => table.note(format!("warning: it has ended early: {why}")),
    }
    table
}

/// Parameters of the grid that the code does not ask for.
fn unasked<'s>(search: &'s Search<'_>, study: &Study) -> Vec<&'s str> {
    study.look(|history| {
        let asked = |name: &str| history.trials().iter().any(|trial| trial.param(name).is_some());
        search.grid_names().filter(|name| !asked(name)).collect()
    })
}

/// Why trials failed, each reason once.
fn failures(study: &Study) -> Vec<String> {
    let mut reasons: Vec<(String, u32, usize)> = Vec::new();
    study.look(|history| {
        for trial in history.trials().iter().filter(|trial| trial.state() == TrialState::Fail) {
            let why = trial.failure().unwrap_or_else(|| "another program did not say why".to_owned());
            match reasons.iter_mut().find(|reason| reason.0 == why) {
                Some(reason) => reason.2 += 1,
                None => reasons.push((why, trial.number(), 1)),
            }
        }
    });
    let more = reasons.len().saturating_sub(FAILURES);
    let told = |(why, number, count): &(String, u32, usize)| match count {
        1 => format!("trial {number} failed: {why}"),
        _ => format!("trial {number} and {} more failed: {why}", count - 1),
    };
    let mut told: Vec<String> = reasons.iter().take(FAILURES).map(told).collect();
    let reasons = if more == 1 { "reason" } else { "reasons" };
    told.extend((more > 0).then(|| {
        format!("{more} more {reasons} of failures: ironbook::tuning::study({:?})?.trials() has all", study.name())
    }));
    told
}

/// The best trials with their parameters.
fn of_trials(trials: &[&TrialRecord], metric: &str) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for param in trials.iter().flat_map(|trial| trial.params()) {
        if !names.contains(&param.name()) {
            names.push(param.name());
        }
    }
    // A table of forty columns reads worse than none.
    names.truncate(8);
    let header: Vec<&str> = ["trial", metric].into_iter().chain(names.iter().copied()).collect();
    let mut table = Table::new("Best trials", &header);
    for trial in trials {
        let value = |name: &&str| {
            let param = trial.params().iter().find(|param| param.name() == *name);
            param.map_or_else(|| "-".to_owned(), charts::shown)
        };
        let first = [trial.number().to_string(), trial.value().map_or_else(String::new, number)];
        table.row(first.into_iter().chain(names.iter().map(value)));
    }
    table
}

fn of_importances(found: &[Importance]) -> Table {
    let mut table = Table::new("Importance", &["parameter", "share"]);
    for each in found {
        table.bar([each.name().to_owned(), format!("{:.0}%", 100.0 * each.share())], each.share());
    }
    table
}

impl Display for Summary {
    fn bundle(&self) -> Bundle {
        let shown: Vec<Bundle> = self.tables.iter().map(Table::bundle).collect();
        let html: Vec<&str> = shown.iter().map(|table| table.get("text/html").unwrap_or_default()).collect();
        let (first, rest) = html.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let code = format!(
            "<p style=\"margin:0.5em 0 0;font-size:13px\"><b>Code of the best trial</b></p><pre style=\"margin:0.3em 0;overflow-x:auto\"><code>{}</code></pre>",
            escape_html(&self.code)
        );
        // The chart of importances says what their table does.
        let rest = rest.first().copied().unwrap_or_default();
        let page = format!("<div>{first}{}{rest}{code}</div>", self.charts);
        let text = shown.iter().map(|table| table.plain().to_owned()).chain(self.drawn.clone());
        let text: Vec<String> = text.chain([format!("Code of the best trial\n{}", self.code)]).collect();
        Bundle::text(text.join("\n\n")).html(page)
    }
}

/// `0.25 s`, `1:05`, `2:03:04`.
pub(super) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.2} s", time.as_secs_f64()),
        (0, 0, _) => format!("{:.0} s", time.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
