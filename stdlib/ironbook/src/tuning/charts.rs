//! Charts of a study: its history, what matters, and which values go together.

use ironbook_plot::{Chart, PlotError};
use ironbook_tune::{Direction, Distribution, History, Importance, Param, TrialRecord, TrialState};

/// Width and height of a chart beside others.
const SIZE: (u32, u32) = (430, 300);
/// Parameters that are drawn; the most important ones.
const PARAMS: usize = 10;

/// The value of each trial, and the best so far. `None` where no trial has a finite value.
pub(super) fn history(history: &History, metric: &str) -> Option<Chart> {
    let finished = finished(history);
    let (mut x, mut y, mut best, mut best_x) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (trial, value) in &finished {
        let number = f64::from(trial.number());
        let better = best.last().is_none_or(|last| history.direction().is_better(*value, *last));
        if better {
            // A step, not a slope.
            if let Some(last) = best.last().copied() {
                best.push(last);
                best_x.push(number);
            }
            best.push(*value);
            best_x.push(number);
        }
        x.push(number);
        y.push(*value);
    }
    if let (Some(last), Some(end)) = (best.last().copied(), x.last()) {
        best.push(last);
        best_x.push(*end);
    }
    let drawn = || -> Result<Chart, PlotError> {
        let chart = Chart::line(&best_x, &best)?.name("best so far").points("trial", &x, &y)?;
        let pruned: Vec<(f64, f64)> = of_state(history, TrialState::Pruned)
            .filter_map(|trial| Some((f64::from(trial.number()), trial.value().filter(|value| value.is_finite())?)))
            .collect();
        let chart = match pruned.is_empty() {
            true => chart,
            false => {
                let (x, y): (Vec<f64>, Vec<f64>) = pruned.into_iter().unzip();
                chart.points("pruned", &x, &y)?
            }
        };
        Ok(chart.title("History").x_label("trial").y_label(metric))
    };
    drawn().ok()
}

/// How much each parameter matters; `None` below two parameters or ten trials, where it says nothing.
pub(super) fn importances(history: &History) -> Option<Chart> {
    let found = important(history)?;
    let names: Vec<&str> = found.iter().map(Importance::name).collect();
    let shares: Vec<f64> = found.iter().map(Importance::share).collect();
    Some(Chart::barh(&names, &shares).ok()?.title("Importance").y_label("share"))
}

/// The most important parameters.
pub(super) fn important(history: &History) -> Option<Vec<Importance>> {
    let mut found = history.importances().filter(|found| found.len() > 1 && history.counts().complete >= 10)?;
    found.truncate(PARAMS);
    Some(found)
}

/// A line per trial through its parameters, coloured by its value.
pub(super) fn parallel(history: &History, metric: &str) -> Option<Chart> {
    let finished = finished(history);
    let names: Vec<String> = match important(history) {
        Some(found) => found.iter().map(|each| each.name().to_owned()).collect(),
        None => names(&finished),
    };
    let axes: Vec<Axis> = names.iter().map(|name| Axis::of(name, &finished)).collect();
    let line = |trial: &TrialRecord| -> Vec<f64> { axes.iter().map(|axis| axis.place(trial)).collect() };
    let lines: Vec<Vec<f64>> = finished.iter().map(|(trial, _)| line(trial)).collect();
    let values: Vec<f64> = finished.iter().map(|(_, value)| *value).collect();
    let chart = Chart::parallel(&names, &lines, &values).ok()?;
    let chart = chart.ends(axes.into_iter().map(|axis| axis.texts).collect()).ok()?;
    let chart = if history.direction() == Direction::Minimize { chart.small_first().ok()? } else { chart };
    Some(chart.title("Parallel coordinates").y_label(metric))
}

/// All charts, side by side, as HTML.
pub(super) fn html(of: &History, metric: &str) -> String {
    let charts = [history(of, metric), importances(of), parallel(of, metric)];
    let svg = |chart: Chart| chart.size(SIZE.0, SIZE.1).to_svg().ok().map(|svg| format!("<div>{svg}</div>"));
    let all: String = charts.into_iter().flatten().filter_map(svg).collect();
    match all.is_empty() {
        true => String::new(),
        false => {
            format!("<div style=\"display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start\">{all}</div>")
        }
    }
}

fn of_state(history: &History, state: TrialState) -> impl Iterator<Item = &TrialRecord> {
    history.trials().iter().filter(move |trial| trial.state() == state)
}

/// Completed trials with finite values.
fn finished(history: &History) -> Vec<(&TrialRecord, f64)> {
    let complete = of_state(history, TrialState::Complete);
    complete.filter_map(|trial| Some((trial, trial.value().filter(|value| value.is_finite())?))).collect()
}

/// The names of the parameters, in the order in which they were first asked for.
fn names(trials: &[(&TrialRecord, f64)]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for param in trials.iter().flat_map(|(trial, _)| trial.params()) {
        if names.len() < PARAMS && !names.iter().any(|name| name == param.name()) {
            names.push(param.name().to_owned());
        }
    }
    names
}

/// One parameter over all trials.
struct Axis {
    name: String,
    log: bool,
    /// What stands at its ends.
    texts: (String, String),
}

impl Axis {
    fn of(name: &str, trials: &[(&TrialRecord, f64)]) -> Self {
        let params: Vec<&Param> = trials.iter().filter_map(|(trial, _)| find(trial, name)).collect();
        let log = params.iter().all(|param| is_log(param.distribution()));
        let place = |param: &&Param| if log { param.internal().ln() } else { param.internal() };
        let by = |sign: f64| params.iter().copied().min_by(|a, b| (sign * place(a)).total_cmp(&(sign * place(b))));
        let text = |param: Option<&Param>| param.map(shown).unwrap_or_default();
        let (lowest, highest) = (by(1.0), by(-1.0));
        Axis { name: name.to_owned(), log, texts: (text(lowest), text(highest)) }
    }

    /// Where a trial crosses it; NaN if it was not asked for the parameter.
    fn place(&self, trial: &TrialRecord) -> f64 {
        let Some(param) = find(trial, &self.name) else { return f64::NAN };
        if self.log { param.internal().ln() } else { param.internal() }
    }
}

fn find<'a>(trial: &'a TrialRecord, name: &str) -> Option<&'a Param> {
    trial.params().iter().find(|param| param.name() == name)
}

fn is_log(distribution: &Distribution) -> bool {
    matches!(distribution, Distribution::Float { log: true, .. } | Distribution::Int { log: true, .. })
}

/// A value as it stands in tables and at axes.
pub(super) fn shown(param: &Param) -> String {
    let value = param.value();
    match value.as_f64().filter(|_| value.as_i64().is_none()) {
        Some(float) => ironbook_core::table::number(float),
        None => value.to_string(),
    }
}
