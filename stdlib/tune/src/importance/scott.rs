//! Densities of values on a grid, with Scott's rule for the width of kernels.

use crate::distribution::Distribution;
use crate::normal::log_mass;

/// Points of a grid at most.
const POINTS: usize = 50;
/// Weight of the prior, in observations.
const PRIOR: f64 = 1.0;

/// A density over the points of a grid, or over choices.
pub(super) struct Density {
    is_choice: bool,
    /// Points at which there are values, and how many.
    observed: Vec<(usize, f64)>,
    points: usize,
}

impl Density {
    /// Of the values of a parameter.
    pub(super) fn of(distribution: &Distribution, values: &[f64]) -> Self {
        let (points, place): (usize, Box<dyn Fn(f64) -> usize>) = match distribution {
            Distribution::Categorical { choices } => (choices.len(), Box::new(|value| value as usize)),
            Distribution::Float { low, high, log, step } => {
                let steps = step.map(|step| ((high - low) / step).round_ties_even() as usize + 1);
                grid((*low, *high), *log, steps.unwrap_or(POINTS))
            }
            Distribution::Int { low, high, log: true, .. } => {
                let size = ((high - low + 1) as f64).ln() / std::f64::consts::LN_2;
                grid((*low as f64, *high as f64), true, size.ceil() as usize + 1)
            }
            Distribution::Int { low, high, step, .. } => {
                let steps = ((high - low) as f64 / *step as f64).round_ties_even() as usize + 1;
                grid((*low as f64, *high as f64), false, steps)
            }
        };
        let mut counts = vec![0.0; points];
        for value in values {
            counts[place(*value).min(points - 1)] += 1.0;
        }
        let observed = counts.into_iter().enumerate().filter(|count| count.1 > 0.0).collect();
        Density { is_choice: matches!(distribution, Distribution::Categorical { .. }), observed, points }
    }

    /// Probability of each point.
    pub(super) fn on_grid(&self) -> Vec<f64> {
        let sum: f64 = self.observed.iter().map(|point| point.1).sum::<f64>() + PRIOR;
        let kernels = if self.is_choice { self.of_choices() } else { self.of_numbers() };
        let weights = self.observed.iter().map(|point| point.1 / sum).chain([PRIOR / sum]);
        let mut density = vec![0.0; self.points];
        for (kernel, weight) in kernels.iter().zip(weights) {
            for (sum, probability) in density.iter_mut().zip(kernel) {
                *sum += weight * probability;
            }
        }
        density
    }

    /// One kernel per observed choice, and the prior.
    fn of_choices(&self) -> Vec<Vec<f64>> {
        let spread = PRIOR / (self.observed.len() + 1) as f64;
        let row = |own: Option<usize>| {
            let mut row = vec![spread; self.points];
            if let Some(own) = own {
                row[own] += 1.0;
            }
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|each| *each /= sum);
            row
        };
        self.observed.iter().map(|point| row(Some(point.0))).chain([row(None)]).collect()
    }

    /// One kernel per observed point, and a wide one.
    fn of_numbers(&self) -> Vec<Vec<f64>> {
        let last = (self.points - 1) as f64;
        let kernel = |mu: f64, sigma: f64| {
            let whole = log_mass((-0.5 - mu) / sigma, (last + 0.5 - mu) / sigma);
            let at = |i: usize| log_mass((i as f64 - 0.5 - mu) / sigma, (i as f64 + 0.5 - mu) / sigma);
            (0..self.points).map(|i| (at(i) - whole).exp()).collect()
        };
        let sigma = self.width();
        self.observed
            .iter()
            .map(|point| kernel(point.0 as f64, sigma))
            .chain([kernel(last / 2.0, last + 1.0)])
            .collect()
    }

    /// Scott's rule on the smaller of standard deviation and quartile range.
    fn width(&self) -> f64 {
        let sum: f64 = self.observed.iter().map(|point| point.1).sum();
        let mean = self.observed.iter().map(|(at, count)| *at as f64 * count).sum::<f64>() / sum;
        let squares: f64 = self.observed.iter().map(|(at, count)| (*at as f64 - mean).powi(2) * count).sum();
        let deviation = (squares / (sum - 1.0).max(1.0)).sqrt();
        let cumulated: Vec<f64> = self
            .observed
            .iter()
            .scan(0.0, |sum, point| {
                *sum += point.1;
                Some(*sum)
            })
            .collect();
        let lower = cumulated.partition_point(|sofar| *sofar < (sum / 4.0).floor());
        let upper = cumulated.partition_point(|sofar| *sofar <= (sum * 3.0 / 4.0).floor());
        let range = self.observed[upper.min(self.observed.len() - 1)].0 as f64 - self.observed[lower].0 as f64;
        // At the narrowest, nine tenths of a kernel lie within its own point.
        (1.059 * (range / 1.34).min(deviation) * sum.powf(-0.2)).max(0.5 / 1.64)
    }
}

/// The number of points, and the point of a value; halfway it is the lower one.
fn grid((low, high): (f64, f64), log: bool, points: usize) -> (usize, Box<dyn Fn(f64) -> usize>) {
    let points = points.clamp(2, POINTS);
    let scale = move |value: f64| if log { value.ln() } else { value };
    let (low, high) = (scale(low), scale(high));
    let step = (high - low) / (points - 1) as f64;
    let place = move |value: f64| ((scale(value) - low) / step - 0.5).ceil().max(0.0) as usize;
    (points, Box::new(place))
}
