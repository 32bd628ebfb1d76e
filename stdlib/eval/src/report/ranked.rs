//! The report of a ranking.

use super::compare::{self, Comparison};
use super::page::Page;
use crate::error::EvalError;
use crate::judge::{EvaluateOptions, Report};
use crate::outcome::{Kind, Outcome};
use crate::scores::Scores;
use crate::slices::Slices;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Serialize};

/// How a ranking did on a data set, see [`evaluate`](crate::evaluate); intervals are over whole queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingReport {
    /// Name of the target.
    pub target: String,
    /// Rows judged.
    pub n: usize,
    /// Queries judged.
    pub queries: usize,
    /// See [`Queries::ndcg`](crate::Queries::ndcg).
    pub ndcg: f64,
    /// See [`Queries::map`](crate::Queries::map).
    pub map: f64,
    /// See [`Queries::mrr`](crate::Queries::mrr).
    pub mrr: f64,
    /// All metrics with their intervals.
    pub scores: Scores,
    /// Parts of the rows, if any were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
}

impl RankingReport {
    pub(crate) fn of(outcome: &Outcome, slices: Option<Slices>, options: &EvaluateOptions) -> Result<Self, EvalError> {
        let scores = options.scores(outcome)?;
        let mut groups = match &outcome.kind {
            Kind::Ranked { groups, .. } => groups.clone(),
            _ => Vec::new(),
        };
        groups.sort_unstable();
        groups.dedup();
        Ok(RankingReport {
            target: outcome.target.clone(),
            n: outcome.rows(),
            queries: groups.len(),
            ndcg: scores.value("ndcg"),
            map: scores.value("map"),
            mrr: scores.value("mrr"),
            scores,
            slices,
        })
    }

    /// All numbers by name, for a tracking store.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = self.scores.metrics();
        all.extend([("queries".to_owned(), self.queries as f64), ("n".to_owned(), self.n as f64)]);
        all
    }

    /// Whether the normalised discounted gain is higher than a baseline's.
    pub fn beats(&self, baseline: &RankingReport) -> bool {
        self.ndcg > baseline.ndcg
    }

    /// This report beside a baseline's, metric by metric.
    pub fn compare(&self, baseline: &RankingReport) -> Comparison {
        let beats = self.beats(baseline);
        Comparison {
            target: self.target.clone(),
            n: self.n,
            baseline_n: baseline.n,
            beats,
            rule: if beats { "higher NDCG" } else { "a higher NDCG" }.to_owned(),
            rows: compare::rows(&self.scores, &baseline.scores),
        }
    }
}

impl Report for RankingReport {
    fn scores(&self) -> &Scores {
        &self.scores
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn rows(&self) -> usize {
        self.n
    }
}

impl Display for RankingReport {
    fn bundle(&self) -> Bundle {
        let title = format!("Evaluation of \"{}\" on {} rows of {} queries", self.target, self.n, self.queries);
        let mut page = Page::new(&self.scores.table(title));
        self.slices.iter().for_each(|slices| page.table(&slices.table()));
        page.bundle()
    }
}

impl Inspect for RankingReport {
    fn shape(&self) -> Option<String> {
        Some(format!("{} rows", self.n))
    }
}
