//! The engine of the bootstrap: how often each cell of rows is drawn, resample by resample.

use super::poisson::Poisson;
use crate::error::EvalError;
use crate::random::Stream;
use ironbook_core::Progress;
use rayon::prelude::*;

/// Rows of which the metrics know all they need by how often they are drawn together, and what is summed over rows.
///
/// Rows that look alike to the metrics share a cell: those of one score, class and weight, or, for large data,
/// neighbours in the order of the scores. `K` sums go along. What rows of a cell differ in, by weight and in their parts
/// of the sums, is drawn as normal numbers of its variance.
pub(crate) struct Cells<const K: usize> {
    /// Mean weight of the rows of each cell, and its deviation.
    weights: Vec<(f64, f64)>,
    /// Weighted mean of the rows' parts in the sums, for each cell.
    means: Vec<[f64; K]>,
    /// Lower triangle of the Cholesky factor of the sums' covariance that is left within the cells.
    remainder: [[f64; K]; K],
    draw: Draw,
}

/// How resamples are drawn.
enum Draw {
    /// As many rows as there are, with replacement; the cell of each row.
    Rows(Vec<u32>),
    /// Each cell's rows independently of the others' (each row a Poisson number of times, mean 1).
    Poisson(Vec<Poisson>),
}

/// What a thread needs to draw a resample.
struct Drawn {
    counts: Vec<u32>,
    weights: Vec<f64>,
}

/// Resamples between two reports of progress.
const CHUNK: usize = 64;

impl<const K: usize> Cells<K> {
    /// Cells from the cell of each row, the rows' weights and parts in the sums; drawn row by row where `exact`.
    pub(crate) fn new(
        cell_of: Vec<u32>,
        count: usize,
        exact: bool,
        weight: impl Fn(usize) -> f64,
        part: impl Fn(usize) -> [f64; K],
    ) -> Self {
        let mut rows = vec![0u32; count];
        let (mut weights, mut means) = (vec![(0.0, 0.0); count], vec![[0.0; K]; count]);
        for (i, &cell) in cell_of.iter().enumerate() {
            let (cell, weight) = (cell as usize, weight(i));
            rows[cell] += 1;
            weights[cell].0 += weight;
            add(&mut means[cell], &part(i), weight);
        }
        for ((mean, weight), &n) in means.iter_mut().zip(&mut weights).zip(&rows) {
            let all = if weight.0 > 0.0 { weight.0 } else { 1.0 };
            mean.iter_mut().for_each(|m| *m /= all);
            weight.0 /= f64::from(n.max(1));
        }
        let covariance = within(&cell_of, &means, &weight, part);
        for (i, &cell) in cell_of.iter().enumerate() {
            let off = weight(i) - weights[cell as usize].0;
            weights[cell as usize].1 += off * off / f64::from(rows[cell as usize]);
        }
        weights.iter_mut().for_each(|weight| weight.1 = weight.1.sqrt());
        let draw = match exact {
            true => Draw::Rows(cell_of),
            false => Draw::Poisson(rows.iter().map(|&n| Poisson::new(n)).collect()),
        };
        Cells { weights, means, remainder: cholesky(covariance), draw }
    }

    /// `metrics` of each of `n` resamples, from the weights drawn of the cells and the sums; the same for the same seed
    /// on any number of threads.
    pub(crate) fn resample<const M: usize>(
        &self,
        n: usize,
        seed: u64,
        metrics: impl Fn(&[f64], &[f64; K]) -> [f64; M] + Sync,
    ) -> Result<Vec<[f64; M]>, EvalError> {
        let mut progress = Progress::new("Bootstrap", Some(n as u64));
        let mut all = Vec::with_capacity(n);
        for start in (0..n).step_by(CHUNK) {
            ironbook_core::check()?;
            let end = (start + CHUNK).min(n);
            let one = |drawn: &mut Drawn, r: usize| {
                let mut stream = Stream::numbered(seed, r as u64);
                self.draw(drawn, &mut stream);
                metrics(&drawn.weights, &self.sums(&drawn.weights, &mut stream))
            };
            let cells = self.weights.len();
            let empty = || Drawn { counts: vec![0; cells], weights: vec![0.0; cells] };
            all.par_extend((start..end).into_par_iter().map_init(empty, one));
            progress.inc((end - start) as u64);
        }
        Ok(all)
    }

    fn draw(&self, drawn: &mut Drawn, stream: &mut Stream) {
        match &self.draw {
            Draw::Rows(cell_of) => {
                drawn.counts.fill(0);
                for _ in 0..cell_of.len() {
                    drawn.counts[cell_of[stream.below(cell_of.len() as u64) as usize] as usize] += 1;
                }
            }
            Draw::Poisson(cells) => {
                for (count, cell) in drawn.counts.iter_mut().zip(cells) {
                    *count = cell.draw(stream);
                }
            }
        }
        for ((out, &count), &(mean, deviation)) in drawn.weights.iter_mut().zip(&drawn.counts).zip(&self.weights) {
            let count = f64::from(count);
            *out = count * mean;
            if deviation > 0.0 && count > 0.0 {
                *out = (*out + deviation * count.sqrt() * stream.normal()).max(0.0);
            }
        }
    }

    fn sums(&self, weights: &[f64], stream: &mut Stream) -> [f64; K] {
        let mut sums = [0.0; K];
        for (mean, &weight) in self.means.iter().zip(weights) {
            add(&mut sums, mean, weight);
        }
        if self.remainder.iter().any(|row| row.iter().any(|x| *x != 0.0)) {
            let normal: [f64; K] = std::array::from_fn(|_| stream.normal());
            for (k, row) in self.remainder.iter().enumerate() {
                sums[k] += row.iter().zip(&normal).map(|(l, z)| l * z).sum::<f64>();
            }
        }
        sums
    }
}

#[inline(always)]
fn add<const K: usize>(to: &mut [f64; K], part: &[f64; K], times: f64) {
    for k in 0..K {
        to[k] += times * part[k];
    }
}

/// Covariance of the sums that the weights of the cells leave open: each row's distance from its cell's mean.
fn within<const K: usize>(
    cell_of: &[u32],
    means: &[[f64; K]],
    weight: impl Fn(usize) -> f64,
    part: impl Fn(usize) -> [f64; K],
) -> [[f64; K]; K] {
    let (mut covariance, mut size) = ([[0.0; K]; K], [0.0; K]);
    for (i, &cell) in cell_of.iter().enumerate() {
        let (own, weight) = (part(i), weight(i));
        let mut off = own;
        add(&mut off, &means[cell as usize], -1.0);
        for a in 0..K {
            size[a] += weight * weight * own[a] * own[a];
            for b in 0..=a {
                covariance[a][b] += weight * weight * off[a] * off[b];
            }
        }
    }
    // Rounding of means is no variance.
    for a in 0..K {
        if covariance[a][a] <= 1e-24 * size[a] {
            covariance[a].fill(0.0);
            (a..K).for_each(|b| covariance[b][a] = 0.0);
        }
    }
    covariance
}

/// The lower triangular factor; columns without variance of their own are 0.
fn cholesky<const K: usize>(covariance: [[f64; K]; K]) -> [[f64; K]; K] {
    let mut factor = [[0.0; K]; K];
    for a in 0..K {
        for b in 0..=a {
            let known: f64 = (0..b).map(|k| factor[a][k] * factor[b][k]).sum();
            let left = covariance[a][b] - known;
            if a == b {
                factor[a][a] = if left > 1e-12 * covariance[a][a] { left.sqrt() } else { 0.0 };
            } else if factor[b][b] > 0.0 {
                factor[a][b] = left / factor[b][b];
            }
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_gives_the_covariance_back() {
        let c = [[4.0, 0.0, 0.0], [2.0, 5.0, 0.0], [0.0, 0.0, 0.0]];
        let l = cholesky(c);
        for a in 0..3 {
            for b in 0..=a {
                let product: f64 = (0..3).map(|k| l[a][k] * l[b][k]).sum();
                assert!((product - c[a][b]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn means_of_cells_vary_as_means_of_rows() {
        // 1000 values in 1000, 10 and 1 cells: the standard error of the mean is the same, also where the cells differ inside.
        let value = |i: usize| ((i * 7919) % 1000) as f64 / 10.0;
        let deviation = (0..1000).map(|i| (value(i) - 49.95).powi(2)).sum::<f64>().sqrt() / 1000.0;
        for (cells, exact) in [(1000, true), (1000, false), (10, false), (1, false)] {
            let of = (0..1000).map(|i| (i % cells) as u32).collect();
            let cells = Cells::<1>::new(of, cells, exact, |_| 1.0, |i| [value(i)]);
            let means = cells.resample::<1>(3000, 5, |weights, sums| [sums[0] / weights.iter().sum::<f64>()]).unwrap();
            let mean = means.iter().map(|m| m[0]).sum::<f64>() / 3000.0;
            let spread = (means.iter().map(|m| (m[0] - mean).powi(2)).sum::<f64>() / 3000.0).sqrt();
            assert!((mean - 49.95).abs() < 5.0 * deviation / 3000f64.sqrt(), "{mean}");
            assert!((spread / deviation - 1.0).abs() < 0.06, "{spread} {deviation}");
        }
    }

    #[test]
    fn weighted_means_vary_as_those_of_rows() {
        let value = |i: usize| ((i * 7919) % 1000) as f64 / 10.0;
        let weight = |i: usize| 0.5 + ((i * 31) % 7) as f64 + value(i) / 20.0;
        let all: f64 = (0..1000).map(weight).sum();
        let center = (0..1000).map(|i| weight(i) * value(i)).sum::<f64>() / all;
        let deviation = (0..1000).map(|i| (weight(i) * (value(i) - center)).powi(2)).sum::<f64>().sqrt() / all;
        for (count, exact) in [(1000, true), (1000, false), (40, false)] {
            // Neighbours in value share a cell.
            let of = (0..1000).map(|i| (value(i) * 10.0) as u32 / (1000 / count)).collect();
            let cells = Cells::<1>::new(of, count as usize, exact, weight, |i| [value(i)]);
            let means = cells.resample::<1>(3000, 5, |weights, sums| [sums[0] / weights.iter().sum::<f64>()]).unwrap();
            let mean = means.iter().map(|m| m[0]).sum::<f64>() / 3000.0;
            let spread = (means.iter().map(|m| (m[0] - mean).powi(2)).sum::<f64>() / 3000.0).sqrt();
            assert!((mean - center).abs() < 5.0 * deviation / 3000f64.sqrt(), "{mean} {center}");
            assert!((spread / deviation - 1.0).abs() < 0.06, "{count}: {spread} {deviation}");
        }
    }
}
