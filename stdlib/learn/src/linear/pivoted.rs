//! Symmetric semidefinite systems: a Cholesky factor that finds out which columns depend on others.

use super::cholesky::at;
use ironbook_core::Interrupted;

/// With more columns than this a step takes long enough to ask whether to stop.
const LARGE: usize = 256;

/// `P' A P = L L'` up to rank, `A` having a unit diagonal or more (Higham, Accuracy and Stability of Numerical
/// Algorithms, 2002, 10.3).
pub(crate) struct Factor {
    /// Rows of `L` in the order of the pivots, each of length `n`.
    l: Vec<f64>,
    order: Vec<usize>,
    rank: usize,
    smallest: f64,
}

impl Factor {
    /// Factorises the lower triangle `a` (row by row) of `n` rows.
    ///
    /// A column of whose square less than `n * 1e-14` is left beside the columns before it counts as dependent on
    /// them: rounding alone leaves about as much.
    ///
    /// # Errors
    /// [`Interrupted`], from some hundred columns on.
    pub(crate) fn of(a: &[f64], n: usize) -> Result<Self, Interrupted> {
        let tolerance = 1e-14 * (n.max(10) as f64);
        let mut l: Vec<f64> = (0..n * n).map(|k| a[at((k / n).max(k % n), (k / n).min(k % n))]).collect();
        let mut order: Vec<usize> = (0..n).collect();
        let (mut rank, mut smallest) = (0, f64::INFINITY);
        while rank < n {
            if n > LARGE {
                ironbook_core::check()?;
            }
            // The first of the largest that are left.
            let pivot = (rank..n).rev().max_by(|&i, &j| l[i * n + i].total_cmp(&l[j * n + j])).unwrap_or(rank);
            let square = l[pivot * n + pivot];
            if square <= tolerance {
                break;
            }
            swap(&mut l, n, rank, pivot);
            order.swap(rank, pivot);
            smallest = smallest.min(square);
            let root = square.sqrt();
            l[rank * n + rank] = root;
            for i in rank + 1..n {
                l[i * n + rank] /= root;
            }
            for i in rank + 1..n {
                let factor = l[i * n + rank];
                for j in rank + 1..=i {
                    l[i * n + j] -= factor * l[j * n + rank];
                }
            }
            rank += 1;
        }
        Ok(Factor { l, order, rank, smallest })
    }

    /// The smallest pivot: what is left of the square of a column beside those before it.
    pub(crate) fn smallest(&self) -> f64 {
        self.smallest
    }

    /// The columns that others determine.
    pub(crate) fn dependent(&self) -> &[usize] {
        &self.order[self.rank..]
    }

    /// A solution of `A x = b` with zeros for the dependent columns.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.order.len();
        let mut x: Vec<f64> = self.order[..self.rank].iter().map(|&j| b[j]).collect();
        for i in 0..self.rank {
            let dot: f64 = (0..i).map(|k| self.l[i * n + k] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * n + i];
        }
        self.back(&mut x);
        let mut out = vec![0.0; n];
        self.order.iter().zip(&x).for_each(|(&j, x)| out[j] = *x);
        out
    }

    /// Solves `L' x = x`.
    fn back(&self, x: &mut [f64]) {
        let n = self.order.len();
        for i in (0..self.rank).rev() {
            let dot: f64 = (i + 1..self.rank).map(|k| self.l[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * n + i];
        }
    }

    /// For each dependent column the combination with others that is zero.
    pub(crate) fn null_space(&self) -> Vec<Vec<f64>> {
        let n = self.order.len();
        let combination = |row: usize| {
            let mut x: Vec<f64> = self.l[row * n..row * n + self.rank].iter().map(|l| -l).collect();
            self.back(&mut x);
            let mut out = vec![0.0; n];
            self.order.iter().zip(&x).for_each(|(&j, x)| out[j] = *x);
            out[self.order[row]] = 1.0;
            out
        };
        (self.rank..n).map(combination).collect()
    }
}

/// Swaps rows and columns `i < j` of what is left (lower triangle), and the finished parts of their rows.
fn swap(l: &mut [f64], n: usize, i: usize, j: usize) {
    if i == j {
        return;
    }
    for k in 0..i {
        l.swap(i * n + k, j * n + k);
    }
    for k in i + 1..j {
        l.swap(k * n + i, j * n + k);
    }
    for k in j + 1..n {
        l.swap(k * n + i, k * n + j);
    }
    l.swap(i * n + i, j * n + j);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_finds_dependences() {
        // Third column = first + second, scaled to a unit diagonal by hand is not needed: a plain Gram matrix.
        let rows = [[1.0, 2.0, 3.0, 0.5], [0.0, 1.0, 1.0, -1.0], [2.0, -1.0, 1.0, 0.0], [1.0, 1.0, 2.0, 4.0]];
        let product = |i: usize, j: usize| rows.iter().map(|r| r[i] * r[j]).sum::<f64>();
        let a: Vec<f64> = (0..4).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect();
        let b: Vec<f64> = (0..4).map(|i| product(i, 0) - 2.0 * product(i, 3)).collect();
        let factor = Factor::of(&a, 4).unwrap();
        assert_eq!(factor.dependent().len(), 1);
        let x = factor.solve(&b);
        for (i, wanted) in b.iter().enumerate() {
            let found: f64 = (0..4).map(|j| product(i, j) * x[j]).sum();
            assert!((found - wanted).abs() < 1e-12, "{x:?}");
        }
        let null = factor.null_space();
        for row in rows {
            let zero: f64 = row.iter().zip(&null[0]).map(|(r, v)| r * v).sum();
            assert!(zero.abs() < 1e-13, "{null:?}");
        }
    }
}
