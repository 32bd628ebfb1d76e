//! What a gate asks for, metric by metric.

use crate::error::EvalError;
use crate::scores::Scores;
use ironbook_learn::table::number;
use serde::{Deserialize, Serialize};

/// What a model has to show against a baseline, metric by metric.
///
/// | rule | meaning |
/// |---|---|
/// | [`better`](Self::better) | better than the baseline, and by more than chance: the 95% interval of the gain is above 0 |
/// | [`first_metric`](Self::first_metric) | the same of the report's first metric: `roc_auc`, `rmse`, `ndcg` |
/// | [`better_by`](Self::better_by) | better by at least this much (the value itself, not its interval) |
/// | [`no_worse`](Self::no_worse) | worse by at most this much |
/// | [`at_least`](Self::at_least), [`at_most`](Self::at_most) | the value itself, whatever the baseline |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateRules {
    rules: Vec<(String, Rule)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
    Better,
    FirstBetter,
    BetterBy(f64),
    NoWorse(f64),
    AtLeast(f64),
    AtMost(f64),
}

impl Rule {
    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Rule::Better | Rule::FirstBetter => "better by more than chance".to_owned(),
            Rule::BetterBy(least) => format!("better by at least {}", number(least)),
            Rule::NoWorse(most) => format!("worse by at most {}", number(most)),
            Rule::AtLeast(least) => format!("at least {}", number(least)),
            Rule::AtMost(most) => format!("at most {}", number(most)),
        }
    }

    fn is_threshold(self) -> bool {
        matches!(self, Rule::AtLeast(_) | Rule::AtMost(_))
    }
}

impl GateRules {
    /// No rules yet; a gate without rules refuses.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first metric of the report better than the baseline's by more than chance: `roc_auc` for classifiers, `rmse`
    /// for regressions, `ndcg` for rankings. Further rules can be added.
    pub fn first_metric() -> Self {
        Self::new().rule("", Rule::FirstBetter)
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

    /// Those rules alone that need no baseline: [`at_least`](Self::at_least) and [`at_most`](Self::at_most).
    #[must_use]
    pub fn thresholds(&self) -> Self {
        GateRules { rules: self.rules.iter().filter(|(_, rule)| rule.is_threshold()).cloned().collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// The first rule that compares.
    pub(super) fn comparing(&self) -> Option<String> {
        self.rules.iter().find(|(_, rule)| !rule.is_threshold()).map(|(metric, rule)| match metric.as_str() {
            "" => format!("the first metric {}", rule.words()),
            metric => format!("{metric} {}", rule.words()),
        })
    }

    /// Each rule with the name of its metric.
    pub(super) fn resolved<'a>(&'a self, scores: &'a Scores) -> Result<Vec<(&'a str, Rule)>, EvalError> {
        let first = || match scores.undefined().iter().find(|name| *name == "roc_auc") {
            // Of rows of one class: that it cannot be told is better than another metric without a word.
            Some(area) => Ok(area.as_str()),
            None => scores.list.first().map(|score| score.name.as_str()).ok_or(EvalError::Empty),
        };
        let name = |(metric, rule): &'a (String, Rule)| match rule {
            Rule::FirstBetter => Ok((first()?, *rule)),
            _ => Ok((metric.as_str(), *rule)),
        };
        self.rules.iter().map(name).collect()
    }
}
