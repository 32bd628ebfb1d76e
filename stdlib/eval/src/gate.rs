//! The gate between an experiment and its use: a model has to be better than a baseline, and by more than chance.

mod rules;

pub use rules::GateRules;

use crate::bootstrap::Interval;
use crate::error::EvalError;
use crate::judge::Report;
use crate::scores::{Scores, between};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use rules::Rule;
use serde::{Deserialize, Serialize};

/// Whether a model passed, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Name of the target.
    pub target: String,
    /// What the model was held against: "the baseline", or a name; empty where only thresholds were asked for.
    pub against: String,
    /// Whether all rules hold.
    pub passed: bool,
    /// Each rule with what was found.
    pub checks: Vec<GateCheck>,
    /// Whether both were judged on the same resamples of the same rows; otherwise the intervals of gains are wider than
    /// they would have to be.
    pub paired: bool,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

/// One rule of a [`Gate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateCheck {
    /// Name of the metric.
    pub metric: String,
    /// What was asked for, in words.
    pub rule: String,
    /// The model's value.
    pub model: f64,
    /// The baseline's value, if there is a baseline.
    pub baseline: Option<f64>,
    /// By how much the model is better than the baseline.
    pub gain: Option<f64>,
    /// The 95% bootstrap interval of the gain, if both reports have resamples.
    pub interval: Option<Interval>,
    /// Share of the resamples in which the model is not better.
    pub chance: Option<f64>,
    /// Whether the rule holds.
    pub passed: bool,
}

/// Compares a report with a baseline's by rules.
///
/// Where both were made on the same rows with the same seed (up to
/// [`paired_up_to`](crate::EvaluateOptions::paired_up_to) rows), gains are compared resample by resample (paired
/// bootstrap, Efron and Tibshirani 1993); otherwise as if the resamples were independent, which is careful.
/// Reports that were loaded from a file have no resamples.
///
/// # Errors
/// [`EvalError::NoMetric`]; [`EvalError::NoRules`]; [`EvalError::NoResamples`] where [`GateRules::better`] needs them.
pub fn baseline_gate<R: Report>(report: &R, baseline: &R, rules: &GateRules) -> Result<Gate, EvalError> {
    scores_gate(report.target(), report.scores(), Some(baseline.scores()), rules)
}

/// Holds the metrics of a report against thresholds: [`GateRules::at_least`], [`GateRules::at_most`].
///
/// ```
/// # use ironbook_eval::{EvaluateOptions, GateRules, evaluate_with, threshold_gate};
/// # use ironbook_data::{Dataset, Matrix};
/// # use ironbook_learn::{Fit, LogisticRegression};
/// # let x = (0..100).map(|i| f64::from(i % 10)).collect::<Vec<f64>>();
/// # let late = x.iter().map(|x| f64::from(u8::from(*x > 4.5))).collect();
/// # let test = Dataset::from_parts(Matrix::from_columns(vec![("x".to_owned(), x)])?, late, "late");
/// # let model = LogisticRegression::params().fit(&test)?;
/// # let report = evaluate_with(&model, &test, &EvaluateOptions::new().resamples(100))?;
/// let gate = threshold_gate(&report, &GateRules::new().at_least("roc_auc", 0.8).at_most("brier", 0.1))?.require()?;
/// assert!(gate.passed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EvalError::NoMetric`]; [`EvalError::NoRules`]; [`EvalError::NeedsBaseline`] for a rule that compares.
pub fn threshold_gate<R: Report>(report: &R, rules: &GateRules) -> Result<Gate, EvalError> {
    match rules.comparing() {
        Some(rule) => Err(EvalError::NeedsBaseline { rule }),
        None => scores_gate(report.target(), report.scores(), None, rules),
    }
}

/// [`baseline_gate`] of metrics that are no report yet ([`Predictions::scores`](crate::Predictions::scores)).
///
/// Without a baseline the rules that compare are left out, which a note of the gate says; thresholds hold all the same.
///
/// # Errors
/// As [`baseline_gate`].
pub fn scores_gate(
    target: &str,
    scores: &Scores,
    baseline: Option<&Scores>,
    rules: &GateRules,
) -> Result<Gate, EvalError> {
    if rules.is_empty() {
        return Err(EvalError::NoRules);
    }
    let kept = if baseline.is_some() { rules.clone() } else { rules.thresholds() };
    let mut notes = Vec::new();
    match rules.len() - kept.len() {
        0 => {}
        1 => notes.push("One rule compares, and there is nothing to compare with: it was left out.".to_owned()),
        n => notes.push(format!("{n} rules compare, and there is nothing to compare with: they were left out.")),
    }
    let mut paired = baseline.is_some();
    let mut checks = Vec::new();
    for (metric, rule) in kept.resolved(scores)? {
        let (check, pairs) = check(metric, rule, scores, baseline)?;
        paired &= pairs;
        checks.push(check);
    }
    let against = if baseline.is_some() { "the baseline" } else { "" }.to_owned();
    let passed = checks.iter().all(|check| check.passed);
    Ok(Gate { target: target.to_owned(), against, passed, checks, paired, notes })
}

/// One rule, and whether its interval is of pairs.
fn check(metric: &str, rule: Rule, scores: &Scores, baseline: Option<&Scores>) -> Result<(GateCheck, bool), EvalError> {
    let own = scores.named(metric)?;
    let other = baseline.map(|baseline| baseline.named(metric)).transpose()?.map(|score| score.value);
    let gain = other.map(|other| own.better.gain(own.value, other));
    let gains = baseline.and_then(|baseline| scores.gains(baseline, metric));
    let interval = gains.as_ref().and_then(|(gains, _)| Interval::of(gains, 0.95));
    let paired = gains.as_ref().is_some_and(|(_, paired)| *paired);
    let chance = gains.as_ref().map(|(g, _)| g.iter().filter(|g| **g <= 0.0).count() as f64 / g.len() as f64);
    let gained = gain.unwrap_or(f64::NAN);
    let passed = match rule {
        Rule::Better | Rule::FirstBetter => {
            let interval = interval.ok_or_else(|| EvalError::NoResamples { metric: metric.to_owned() })?;
            gained > 0.0 && interval.low > 0.0
        }
        Rule::BetterBy(least) => gained >= least,
        Rule::NoWorse(most) => gained >= -most,
        Rule::AtLeast(least) => own.value >= least,
        Rule::AtMost(most) => own.value <= most,
    };
    let (metric, rule, model) = (metric.to_owned(), rule.words(), own.value);
    Ok((GateCheck { metric, rule, model, baseline: other, gain, interval, chance, passed }, paired))
}

impl Gate {
    /// Says what the model was held against, for displays and errors: `late-flights@champion`.
    #[must_use]
    pub fn against(mut self, name: impl Into<String>) -> Self {
        self.against = name.into();
        self
    }

    /// Adds a sentence to the notes.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// The gate itself if it was passed, otherwise an error that says which rules do not hold: for `?` in a pipeline.
    ///
    /// # Errors
    /// [`EvalError::Gate`].
    pub fn require(self) -> Result<Gate, EvalError> {
        if self.passed {
            return Ok(self);
        }
        let failed = self.checks.iter().filter(|check| !check.passed);
        Err(EvalError::Gate { target: self.target.clone(), reasons: failed.map(|check| self.reason(check)).collect() })
    }

    /// Why a rule does not hold.
    fn reason(&self, check: &GateCheck) -> String {
        let mut found = format!("{} is {}", check.metric, number(check.model));
        if let Some(other) = check.baseline {
            found += &format!(" ({} for {}", number(other), self.against);
            if let (Some(gain), Some(interval)) = (check.gain, &check.interval) {
                found += &format!("; gain {}, 95% interval {}", number(gain), between(interval));
            }
            found.push(')');
        }
        format!("{found}, not {}", check.rule)
    }
}

impl Display for Gate {
    fn bundle(&self) -> Bundle {
        let title = format!("Gate for \"{}\": {}", self.target, if self.passed { "passed" } else { "not passed" });
        let compared = self.checks.iter().any(|check| check.baseline.is_some());
        let against = self.against.strip_prefix("the ").unwrap_or(&self.against);
        let header: &[&str] = match (self.checks.is_empty(), compared) {
            (true, _) => &[],
            (false, true) => &["metric", "rule", "model", against, "gain", "95% interval", "passed"],
            (false, false) => &["metric", "rule", "model", "passed"],
        };
        let mut table = Table::new(title, header);
        for check in &self.checks {
            let mut cells = vec![check.metric.clone(), check.rule.clone(), number(check.model)];
            if compared {
                cells.extend([check.baseline, check.gain].map(|value| value.map_or_else(String::new, number)));
                cells.push(check.interval.as_ref().map_or_else(String::new, between));
            }
            cells.push(if check.passed { "yes" } else { "no" }.to_owned());
            table.row(cells);
        }
        self.notes.iter().for_each(|note| table.note(note));
        if !self.paired && self.checks.iter().any(|check| check.interval.is_some()) {
            table.note("Both were resampled independently, so the intervals are wider than needed.");
        }
        table.bundle()
    }
}

impl Inspect for Gate {
    fn shape(&self) -> Option<String> {
        Some(if self.passed { "passed" } else { "not passed" }.to_owned())
    }
}
