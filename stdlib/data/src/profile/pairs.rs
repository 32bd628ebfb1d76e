//! How two columns go together: correlations, correlation ratio, Cramér's V, area under the ROC curve.

use super::codes::{Codes, MISSING};

/// A numeric column made ready for correlations; infinite values count as missing.
pub(crate) struct Ready<'a> {
    codes: &'a Codes,
    /// Whether each code stands for a finite value.
    finite: Vec<bool>,
    /// Values less their mean over their deviation, 0 where missing.
    scores: Vec<f64>,
    /// 1 where there is a value, 0 where not; `None` without missing values.
    mask: Option<Vec<f64>>,
    /// The ranks of the rows' values over all rows, scored as the values are.
    ranks: Vec<f64>,
    present: f64,
    /// Whether all its values are alike.
    constant: bool,
}

impl<'a> Ready<'a> {
    /// From codes in ascending order of their values.
    pub fn new(codes: &'a Codes, values: &[f64]) -> Self {
        let finite: Vec<bool> = values.iter().map(|v| v.is_finite()).collect();
        let counts: Vec<usize> = codes.counts.iter().zip(&finite).map(|(&c, &f)| if f { c } else { 0 }).collect();
        let present = counts.iter().sum::<usize>() as f64;
        let values: Vec<f64> = values.iter().map(|&v| if v.is_finite() { v } else { 0.0 }).collect();
        let table = scored(&values, &counts, present);
        let ranks = scored(&midranks(&counts), &counts, present);
        let has = |code: u32| code != MISSING && finite[code as usize];
        let by_row = |table: &[f64]| codes.rows.iter().map(|&c| if has(c) { table[c as usize] } else { 0.0 }).collect();
        let (scores, ranks) = (by_row(&table), by_row(&ranks));
        let mask = (present < codes.rows.len() as f64)
            .then(|| codes.rows.iter().map(|&c| f64::from(u8::from(has(c)))).collect());
        let constant = counts.iter().filter(|&&count| count > 0).count() < 2;
        Ready { codes, finite, scores, mask, ranks, present, constant }
    }

    fn has(&self, row: usize) -> bool {
        let code = self.codes.rows[row];
        code != MISSING && self.finite[code as usize]
    }

    fn same_rows(&self, other: &Self) -> bool {
        self.mask == other.mask
    }
}

/// Values less their mean over their deviation (all 0 when they are alike).
fn scored(values: &[f64], counts: &[usize], n: f64) -> Vec<f64> {
    let weigh = |f: &dyn Fn(f64) -> f64| values.iter().zip(counts).map(|(&v, &c)| f(v) * (c as f64 / n)).sum::<f64>();
    let guess = values.get(values.len() / 2).copied().unwrap_or_default();
    let mean = guess + weigh(&|v| v - guess);
    // The largest distance first, so that squares neither overflow nor vanish.
    let far = values.iter().zip(counts).filter(|(_, c)| **c > 0).map(|(v, _)| (v - mean).abs()).fold(0.0, f64::max);
    let deviation = far * weigh(&|v| ((v - mean) / far).powi(2)).sqrt();
    let unit = if deviation > 0.0 && deviation.is_finite() { deviation } else { f64::INFINITY };
    values.iter().map(|v| (v - mean) / unit).collect()
}

/// The mean rank of each code, ties sharing theirs; from 1.
fn midranks(counts: &[usize]) -> Vec<f64> {
    let mut before = 0;
    counts
        .iter()
        .map(|&count| {
            before += count;
            before as f64 - (count as f64 - 1.0) / 2.0
        })
        .collect()
}

/// Pearson's correlation over the rows where both have a value; `None` where it is not defined.
pub(crate) fn pearson(x: &Ready<'_>, y: &Ready<'_>) -> Option<f64> {
    if x.constant || y.constant {
        return None;
    }
    let sxy = dot(&x.scores, &y.scores);
    if x.same_rows(y) {
        return Some((sxy / x.present).clamp(-1.0, 1.0));
    }
    let over = |own: &[f64], power: i32, mask: &Option<Vec<f64>>| match (mask, power) {
        (Some(mask), 1) => dot(own, mask),
        (Some(mask), _) => own.iter().zip(mask).map(|(v, m)| v * v * m).sum(),
        (None, 1) => own.iter().sum(),
        (None, _) => dot(own, own),
    };
    let n = match (&x.mask, &y.mask) {
        (Some(a), Some(b)) => dot(a, b),
        (Some(_), None) => x.present,
        _ => y.present,
    };
    let sums = Sums {
        n,
        x: over(&x.scores, 1, &y.mask),
        y: over(&y.scores, 1, &x.mask),
        xx: over(&x.scores, 2, &y.mask),
        yy: over(&y.scores, 2, &x.mask),
        xy: sxy,
    };
    sums.correlation()
}

/// Spearman's correlation over the rows where both have a value: ranks are those among these rows.
pub(crate) fn spearman(x: &Ready<'_>, y: &Ready<'_>) -> Option<f64> {
    if x.constant || y.constant {
        return None;
    }
    if x.same_rows(y) {
        return Some((dot(&x.ranks, &y.ranks) / x.present).clamp(-1.0, 1.0));
    }
    let rows = x.codes.rows.iter().zip(&y.codes.rows);
    let (mut counts_x, mut counts_y) = (vec![0usize; x.finite.len()], vec![0usize; y.finite.len()]);
    let joint = || rows.clone().enumerate().filter(|(row, _)| x.has(*row) && y.has(*row));
    for (_, (&a, &b)) in joint() {
        counts_x[a as usize] += 1;
        counts_y[b as usize] += 1;
    }
    let n = counts_x.iter().sum::<usize>() as f64;
    let (ranks_x, ranks_y) = (scored(&midranks(&counts_x), &counts_x, n), scored(&midranks(&counts_y), &counts_y, n));
    let alike = |counts: &[usize]| counts.iter().filter(|&&count| count > 0).count() < 2;
    if alike(&counts_x) || alike(&counts_y) {
        return None;
    }
    let sum: f64 = joint().map(|(_, (&a, &b))| ranks_x[a as usize] * ranks_y[b as usize]).sum();
    Some((sum / n).clamp(-1.0, 1.0))
}

/// Sums over pairs of values.
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn correlation(&self) -> Option<f64> {
        let n = self.n;
        let (vx, vy) = (n * self.xx - self.x * self.x, n * self.yy - self.y * self.y);
        let tiny = 1e-12 * n * n;
        (n > 1.0 && vx > tiny && vy > tiny)
            .then(|| ((n * self.xy - self.x * self.y) / (vx.sqrt() * vy.sqrt())).clamp(-1.0, 1.0))
    }
}

/// The sum of products, in eight strands that the processor runs side by side.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (x8, y8) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f64 = x8.remainder().iter().zip(y8.remainder()).map(|(a, b)| a * b).sum();
    let mut strands = [0.0; 8];
    for (a, b) in x8.zip(y8) {
        for k in 0..8 {
            strands[k] += a[k] * b[k];
        }
    }
    strands.iter().sum::<f64>() + rest
}

/// How far apart the means of a number are between groups, as a share of its spread from 0 to 1, and the same corrected
/// for the number of groups, so that it is near 0 where there is no relation.
pub(crate) fn correlation_ratio(groups: &Codes, codes: &Codes, values: &[f64]) -> Option<(f64, f64)> {
    let has = |code: u32| code != MISSING && values[code as usize].is_finite();
    let (mut counts, mut sums) = (vec![0usize; groups.counts.len()], vec![0.0; groups.counts.len()]);
    let joint = || groups.rows.iter().zip(&codes.rows).filter(|&(&g, &c)| g != MISSING && has(c));
    let guess = values.iter().find(|v| v.is_finite()).copied().unwrap_or_default();
    let (mut total, mut squares) = (0.0, 0.0);
    for (&group, &code) in joint() {
        let v = values[code as usize] - guess;
        counts[group as usize] += 1;
        sums[group as usize] += v;
        total += v;
        squares += v * v;
    }
    let n = counts.iter().sum::<usize>() as f64;
    let all = squares - total * total / n;
    let between: f64 = counts.iter().zip(&sums).filter(|(c, _)| **c > 0).map(|(&c, s)| s * s / c as f64).sum::<f64>()
        - total * total / n;
    let k = counts.iter().filter(|&&count| count > 0).count() as f64;
    if n < 2.0 || all <= 1e-12 * squares.max(f64::MIN_POSITIVE) {
        return None;
    }
    let share = (between / all).clamp(0.0, 1.0);
    let adjusted = if n > k { 1.0 - (1.0 - share) * (n - 1.0) / (n - k) } else { 0.0 };
    Some((share.sqrt(), adjusted.max(0.0).sqrt()))
}

/// Most cells of a table of two columns' values.
const CELLS: usize = 1 << 24;

/// Cramér's V of two columns of categories, from 0 to 1, and the same corrected for their number (Bergsma 2013);
/// `None` where one has a single category, or the table of both would be huge.
pub(crate) fn cramers_v(x: &Codes, y: &Codes) -> Option<(f64, f64)> {
    let (width, height) = (x.counts.len(), y.counts.len());
    if width.checked_mul(height).is_none_or(|cells| cells > CELLS) {
        return None;
    }
    let mut table = vec![0u32; width * height];
    for (&a, &b) in x.rows.iter().zip(&y.rows).filter(|&(&a, &b)| a != MISSING && b != MISSING) {
        table[a as usize * height + b as usize] += 1;
    }
    let (mut rows, mut cols) = (vec![0.0; width], vec![0.0; height]);
    for (at, &count) in table.iter().enumerate() {
        rows[at / height] += f64::from(count);
        cols[at % height] += f64::from(count);
    }
    let n: f64 = rows.iter().sum();
    let filled = |sums: &[f64]| sums.iter().filter(|&&sum| sum > 0.0).count() as f64;
    let (r, c) = (filled(&rows), filled(&cols));
    if r < 2.0 || c < 2.0 {
        return None;
    }
    let cell = |(at, &count): (usize, &u32)| f64::from(count).powi(2) / (rows[at / height] * cols[at % height]);
    let phi2 = table.iter().enumerate().filter(|(_, count)| **count > 0).map(cell).sum::<f64>() - 1.0;
    let plain = (phi2 / (r.min(c) - 1.0)).clamp(0.0, 1.0).sqrt();
    let shrunk = (phi2 - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let (r2, c2) = (r - (r - 1.0).powi(2) / (n - 1.0), c - (c - 1.0).powi(2) / (n - 1.0));
    let least = r2.min(c2) - 1.0;
    let corrected = if least > 0.0 { (shrunk / least).clamp(0.0, 1.0).sqrt() } else { 0.0 };
    Some((plain, corrected))
}

/// The area under the ROC curve of codes in ascending order as a score for `positive`; `None` without both classes.
pub(crate) fn auc(scores: &Codes, positive: impl Fn(usize) -> Option<bool>) -> Option<f64> {
    let mut counts = vec![[0usize; 2]; scores.counts.len()];
    for (row, &code) in scores.rows.iter().enumerate().filter(|(_, code)| **code != MISSING) {
        if let Some(positive) = positive(row) {
            counts[code as usize][usize::from(positive)] += 1;
        }
    }
    let (mut below, mut area, mut positives) = (0.0, 0.0, 0.0);
    for [no, yes] in counts {
        area += yes as f64 * (below + no as f64 / 2.0);
        below += no as f64;
        positives += yes as f64;
    }
    (below > 0.0 && positives > 0.0).then(|| area / (below * positives))
}

/// For every row the share of `positive` in its category among the rows of the other half of the table, so that a
/// category of few rows does not know its own.
pub(crate) fn rates_elsewhere(categories: &Codes, positive: impl Fn(usize) -> Option<bool>) -> Vec<f64> {
    let half = |row: usize| ((row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63) as usize;
    let mut counts = vec![[[0.0f64; 2]; 2]; categories.counts.len() + 1];
    let last = categories.counts.len();
    let at = |code: u32| if code == MISSING { last } else { code as usize };
    let mut all = [0.0, 0.0];
    for (row, &code) in categories.rows.iter().enumerate() {
        if let Some(positive) = positive(row) {
            counts[at(code)][half(row)][usize::from(positive)] += 1.0;
            all[usize::from(positive)] += 1.0;
        }
    }
    let prior = all[1] / (all[0] + all[1]);
    let rate = |row: usize, code: u32| {
        let [no, yes] = counts[at(code)][1 - half(row)];
        (yes + prior) / (no + yes + 1.0)
    };
    categories.rows.iter().enumerate().map(|(row, &code)| rate(row, code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?} is not {expected}");
    }

    #[test]
    fn correlations_over_the_rows_that_both_have() {
        let x = Codes::of_floats(&[1.0, 2.0, 3.0, 4.0, f64::NAN, 9.0]);
        let y = Codes::of_floats(&[2.0, 4.0, 6.0, f64::NAN, 1.0, f64::INFINITY]);
        let (a, b) = (Ready::new(&x.0, &x.1), Ready::new(&y.0, &y.1));
        near(pearson(&a, &b), 1.0);
        near(spearman(&a, &b), 1.0);
        near(pearson(&a, &a), 1.0);
        let z = Codes::of_floats(&[7.0, 7.0, 7.0, 7.0, 1.0, 7.0]);
        let c = Ready::new(&z.0, &z.1);
        assert_eq!((pearson(&a, &c), spearman(&a, &c)), (None, None), "constant where both have values");
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let x = Codes::of_floats(&[-1e300, 0.0, 1e300, 5e299]);
        let y = Codes::of_floats(&[1e-300, 2e-300, 3e-300, 2.5e-300]);
        near(pearson(&Ready::new(&x.0, &x.1), &Ready::new(&y.0, &y.1)), 1.0);
    }

    #[test]
    fn categories_that_tell_each_other() {
        let x = Codes { rows: vec![0, 0, 1, 1, 2, MISSING], counts: vec![2, 2, 1] };
        let y = Codes { rows: vec![1, 1, 0, 0, 2, 0], counts: vec![3, 2, 1] };
        near(cramers_v(&x, &y).map(|v| v.0), 1.0);
        assert_eq!(cramers_v(&x, &Codes { rows: vec![0; 6], counts: vec![6] }), None);
        let (codes, values) = Codes::of_floats(&[1.0, 1.0, 5.0, 5.0, 9.0, 2.0]);
        near(correlation_ratio(&x, &codes, &values).map(|v| v.0), 1.0);
    }

    #[test]
    fn unique_categories_know_nothing_about_other_rows() {
        let ids = Codes { rows: (0..1000).collect(), counts: vec![1; 1000] };
        let positive = |row: usize| Some(row.is_multiple_of(3));
        let (scores, _) = Codes::of_floats(&rates_elsewhere(&ids, positive));
        near(auc(&scores, positive), 0.5);
        near(auc(&ids, |row| Some(row >= 500)), 1.0);
        assert_eq!(auc(&ids, |_| Some(true)), None);
    }
}
