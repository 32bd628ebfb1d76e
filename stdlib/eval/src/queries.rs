//! Metrics of rankings: the order of rows within each query.

use crate::check;
use crate::error::EvalError;

/// Rows of queries with relevances and scores, sorted once for all metrics.
#[derive(Clone, Debug)]
pub struct Queries {
    /// For each query its rows by falling score: relevance, score.
    queries: Vec<Vec<(f64, f64)>>,
    /// Weight of each query.
    weights: Vec<f64>,
}

impl Queries {
    /// Relevances of at least 0, scores (higher is earlier) and the query of each row; rows of a query need not be
    /// neighbours.
    ///
    /// Equal scores say nothing of the order: each metric is the mean over all orders of such rows (McSherry and Najork
    /// 2008), so that the order in which rows are given changes nothing.
    ///
    /// # Errors
    /// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotFinite`], [`EvalError::Relevance`].
    pub fn new(relevance: &[f64], scores: &[f64], groups: &[u32]) -> Result<Self, EvalError> {
        Self::of(relevance, scores, groups, None)
    }

    /// As [`new`](Self::new) with a weight per row; a query counts as much as its rows do on average.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`EvalError::Weight`], [`EvalError::ZeroWeights`].
    pub fn weighted(relevance: &[f64], scores: &[f64], groups: &[u32], weights: &[f64]) -> Result<Self, EvalError> {
        Self::of(relevance, scores, groups, Some(weights))
    }

    pub(crate) fn of(
        relevance: &[f64],
        scores: &[f64],
        groups: &[u32],
        weights: Option<&[f64]>,
    ) -> Result<Self, EvalError> {
        check::lists(relevance, scores, "scores", weights)?;
        check::finite(scores, "scores")?;
        if groups.len() != relevance.len() {
            return Err(EvalError::Length { what: "groups", expected: relevance.len(), found: groups.len() });
        }
        if let Some(row) = relevance.iter().position(|r| !r.is_finite() || *r < 0.0) {
            return Err(EvalError::Relevance { row, value: relevance[row] });
        }
        let mut order: Vec<usize> = (0..relevance.len()).collect();
        // Adding 0 makes -0 and 0 equal.
        order.sort_by(|&a, &b| {
            groups[a].cmp(&groups[b]).then((scores[b] + 0.0).total_cmp(&(scores[a] + 0.0))).then(a.cmp(&b))
        });
        let of_query = order.chunk_by(|&a, &b| groups[a] == groups[b]);
        let weight =
            |rows: &[usize]| weights.map_or(1.0, |w| rows.iter().map(|&i| w[i]).sum::<f64>() / rows.len() as f64);
        let (queries, weights) =
            of_query.map(|rows| (rows.iter().map(|&i| (relevance[i], scores[i])).collect(), weight(rows))).unzip();
        Ok(Queries { queries, weights })
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is no query.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    pub(crate) fn weight(&self, query: usize) -> f64 {
        self.weights[query]
    }

    fn mean(&self, of: impl Fn(&[(f64, f64)]) -> f64) -> f64 {
        let sum: f64 = self.queries.iter().zip(&self.weights).map(|(query, w)| w * of(query)).sum();
        sum / self.weights.iter().sum::<f64>()
    }

    /// Normalised discounted gain of the first `k` rows (Järvelin and Kekäläinen 2002), the mean over queries.
    ///
    /// As scikit-learn's `ndcg_score`: relevance itself is the gain, equal scores share their places, and a query
    /// without a relevant row has 0.
    pub fn ndcg_at(&self, k: usize) -> f64 {
        self.mean(|query| ndcg(query, k))
    }

    /// [`ndcg_at`](Self::ndcg_at) over all rows of each query.
    pub fn ndcg(&self) -> f64 {
        self.ndcg_at(usize::MAX)
    }

    /// Mean over queries of the average precision of the first `k` rows; relevant is what is above 0.
    ///
    /// The precisions at the relevant rows among the first `k` are divided by the smaller of `k` and the number of
    /// relevant rows; a query without one has 0.
    pub fn map_at(&self, k: usize) -> f64 {
        self.mean(|query| average_precision(query, k))
    }

    /// [`map_at`](Self::map_at) over all rows of each query.
    pub fn map(&self) -> f64 {
        self.map_at(usize::MAX)
    }

    /// Mean over queries of one over the place of the first relevant row; 0 without one.
    pub fn mrr(&self) -> f64 {
        self.mean(reciprocal_rank)
    }

    /// Mean over queries of the share of relevant rows among the first `k` (`k` also where a query has fewer rows).
    pub fn precision_at(&self, k: usize) -> f64 {
        self.mean(|query| precision(query, k))
    }

    /// [`RANKED`](crate::bootstrap::RANKED) of one query.
    pub(crate) fn metrics(&self, query: usize) -> [f64; 5] {
        let query = &self.queries[query];
        let all = usize::MAX;
        [ndcg(query, all), ndcg(query, 10), average_precision(query, all), reciprocal_rank(query), precision(query, 10)]
    }
}

fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

fn ndcg(query: &[(f64, f64)], k: usize) -> f64 {
    let discount = |place: usize| if place < k { discount(place) } else { 0.0 };
    let (mut found, mut place) = (0.0, 0);
    for tie in query.chunk_by(|a, b| a.1 == b.1) {
        let gain = tie.iter().map(|row| row.0).sum::<f64>() / tie.len() as f64;
        found += gain * (place..place + tie.len()).map(discount).sum::<f64>();
        place += tie.len();
    }
    let mut best: Vec<f64> = query.iter().map(|row| row.0).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let most: f64 = best.iter().enumerate().map(|(place, gain)| gain * discount(place)).sum();
    if most > 0.0 { found / most } else { 0.0 }
}

/// Rows of one score: how many stand before them, how many they are, and how many of these are relevant.
struct Tie {
    before: usize,
    rows: usize,
    relevant: usize,
}

fn ties(query: &[(f64, f64)]) -> impl Iterator<Item = Tie> {
    let mut before = 0;
    query.chunk_by(|a, b| a.1 == b.1).map(move |tie| {
        let relevant = tie.iter().filter(|row| row.0 > 0.0).count();
        let found = Tie { before, rows: tie.len(), relevant };
        before += tie.len();
        found
    })
}

fn average_precision(query: &[(f64, f64)], k: usize) -> f64 {
    let relevant = query.iter().filter(|row| row.0 > 0.0).count().min(k);
    let (mut found, mut sum) = (0.0, 0.0);
    for tie in ties(query).take_while(|tie| tie.before < k) {
        let (n, r) = (tie.rows as f64, tie.relevant as f64);
        for i in 0..tie.rows.min(k - tie.before) {
            // The row at this place is relevant with the chance r / n; of those before it then r - 1 in n - 1 are.
            let above = if i > 0 { i as f64 * (r - 1.0) / (n - 1.0) } else { 0.0 };
            sum += r / n * (found + 1.0 + above) / ((tie.before + i) as f64 + 1.0);
        }
        found += r;
    }
    if relevant > 0 { sum / relevant as f64 } else { 0.0 }
}

fn reciprocal_rank(query: &[(f64, f64)]) -> f64 {
    let Some(tie) = ties(query).find(|tie| tie.relevant > 0) else { return 0.0 };
    let (n, r) = (tie.rows as f64, tie.relevant as f64);
    let (mut first, mut sum) = (r / n, 0.0);
    for i in 0..=tie.rows - tie.relevant {
        sum += first / ((tie.before + i) as f64 + 1.0);
        // The chance that the first relevant row is one place later.
        let left = n - i as f64 - 1.0;
        first *= if left > 0.0 { (left - r + 1.0) / left } else { 0.0 };
    }
    sum
}

fn precision(query: &[(f64, f64)], k: usize) -> f64 {
    let share = |tie: Tie| tie.relevant as f64 * (k - tie.before).min(tie.rows) as f64 / tie.rows as f64;
    ties(query).take_while(|tie| tie.before < k).map(share).sum::<f64>() / k.max(1) as f64
}
