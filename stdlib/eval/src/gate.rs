//! The gate between an experiment and its use: a model has to be better than a baseline, and by more than chance.

use crate::bootstrap::Interval;
use crate::error::EvalError;
use crate::judge::Report;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// What a model has to show against a baseline, metric by metric.
///
/// | rule | meaning |
/// |---|---|
/// | [`better`](Self::better) | better than the baseline, and by more than chance: the 95% interval of the gain is above 0 |
/// | [`better_by`](Self::better_by) | better by at least this much (the value itself, not its interval) |
/// | [`no_worse`](Self::no_worse) | worse by at most this much |
/// | [`at_least`](Self::at_least), [`at_most`](Self::at_most) | the value itself, whatever the baseline |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateRules {
    rules: Vec<(String, Rule)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    Better,
    BetterBy(f64),
    NoWorse(f64),
    AtLeast(f64),
    AtMost(f64),
}

impl GateRules {
    /// No rules yet; a gate without rules refuses.
    pub fn new() -> Self {
        Self::default()
    }

    /// Better than the baseline by more than chance.
    #[must_use]
    pub fn better(self, metric: &str) -> Self {
        self.rule(metric, Rule::Better)
    }

    /// Better than the baseline by at least `gain`.
    #[must_use]
    pub fn better_by(self, metric: &str, gain: f64) -> Self {
        self.rule(metric, Rule::BetterBy(gain))
    }

    /// Worse than the baseline by at most `loss`.
    #[must_use]
    pub fn no_worse(self, metric: &str, loss: f64) -> Self {
        self.rule(metric, Rule::NoWorse(loss))
    }

    /// A value of at least this.
    #[must_use]
    pub fn at_least(self, metric: &str, value: f64) -> Self {
        self.rule(metric, Rule::AtLeast(value))
    }

    /// A value of at most this.
    #[must_use]
    pub fn at_most(self, metric: &str, value: f64) -> Self {
        self.rule(metric, Rule::AtMost(value))
    }

    fn rule(mut self, metric: &str, rule: Rule) -> Self {
        self.rules.push((metric.to_owned(), rule));
        self
    }
}

/// Whether a model passed, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Name of the target.
    pub target: String,
    /// Whether all rules hold.
    pub passed: bool,
    /// Each rule with what was found.
    pub checks: Vec<GateCheck>,
    /// Whether both were judged on the same resamples of the same rows; otherwise the intervals of gains are wider than
    /// they would have to be.
    pub paired: bool,
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
    /// The baseline's value.
    pub baseline: f64,
    /// By how much the model is better.
    pub gain: f64,
    /// The 95% bootstrap interval of the gain, if both reports have resamples.
    pub interval: Option<Interval>,
    /// Share of the resamples in which the model is not better.
    pub chance: Option<f64>,
    /// Whether the rule holds.
    pub passed: bool,
}

/// Compares a report with a baseline's by rules.
///
/// Where both were made on the same rows with the same seed (up to 20,000 rows), gains are compared resample by resample
/// (paired bootstrap, Efron and Tibshirani 1993); otherwise as if the resamples were independent, which is careful.
/// Reports that were loaded from a file have no resamples.
///
/// # Errors
/// [`EvalError::NoMetric`]; [`EvalError::NoRules`]; [`EvalError::NoResamples`] where [`GateRules::better`] needs them.
pub fn baseline_gate<R: Report>(report: &R, baseline: &R, rules: &GateRules) -> Result<Gate, EvalError> {
    if rules.rules.is_empty() {
        return Err(EvalError::NoRules);
    }
    let mut checks = Vec::new();
    let mut paired = true;
    for (metric, rule) in &rules.rules {
        let (own, other) = (report.scores().named(metric)?, baseline.scores().named(metric)?);
        let gain = own.better.gain(own.value, other.value);
        let gains = report.scores().gains(baseline.scores(), metric);
        let interval = gains.as_ref().and_then(|(gains, _)| Interval::of(gains, 0.95));
        paired &= gains.as_ref().is_some_and(|(_, paired)| *paired);
        let chance = gains.as_ref().map(|(g, _)| g.iter().filter(|g| **g <= 0.0).count() as f64 / g.len() as f64);
        let (words, passed) = match rule {
            Rule::Better => {
                let interval = interval.ok_or_else(|| EvalError::NoResamples { metric: metric.clone() })?;
                ("better by more than chance".to_owned(), gain > 0.0 && interval.low > 0.0)
            }
            Rule::BetterBy(least) => (format!("better by at least {}", number(*least)), gain >= *least),
            Rule::NoWorse(most) => (format!("worse by at most {}", number(*most)), gain >= -most),
            Rule::AtLeast(least) => (format!("at least {}", number(*least)), own.value >= *least),
            Rule::AtMost(most) => (format!("at most {}", number(*most)), own.value <= *most),
        };
        let (model, baseline) = (own.value, other.value);
        checks.push(GateCheck { metric: metric.clone(), rule: words, model, baseline, gain, interval, chance, passed });
    }
    let passed = checks.iter().all(|check| check.passed);
    Ok(Gate { target: report.target().to_owned(), passed, checks, paired })
}

impl Gate {
    /// The gate itself if it was passed, otherwise an error that says which rules do not hold: for `?` in a pipeline.
    ///
    /// # Errors
    /// [`EvalError::Gate`].
    pub fn require(self) -> Result<Gate, EvalError> {
        if self.passed {
            return Ok(self);
        }
        let failed = self.checks.iter().filter(|check| !check.passed);
        let words = failed.map(|check| {
            let found =
                format!("{} is {} ({} for the baseline)", check.metric, number(check.model), number(check.baseline));
            format!("{found}, not {}", check.rule)
        });
        Err(EvalError::Gate { target: self.target.clone(), reasons: words.collect() })
    }
}

impl Display for Gate {
    fn bundle(&self) -> Bundle {
        let title = format!("Gate for \"{}\": {}", self.target, if self.passed { "passed" } else { "not passed" });
        let mut table = Table::new(title, &["metric", "rule", "model", "baseline", "gain", "95% interval", "passed"]);
        for check in &self.checks {
            table.row([
                check.metric.clone(),
                check.rule.clone(),
                number(check.model),
                number(check.baseline),
                number(check.gain),
                check.interval.as_ref().map_or_else(String::new, crate::scores::between),
                if check.passed { "yes" } else { "no" }.to_owned(),
            ]);
        }
        if !self.paired && self.checks.iter().any(|check| check.interval.is_some()) {
            table.note("Both were resampled independently, so the intervals are wider than needed.");
        }
        table.bundle()
    }
}
