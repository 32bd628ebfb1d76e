//! Bounding the number of points: what a screen cannot show need not be sent to it.

use crate::chart::{Chart, Mark, Series};

/// Points of a line at most, before it is thinned.
pub(crate) const LINE: usize = 2000;
/// Points of a cloud at most, before it is sampled.
pub(crate) const CLOUD: usize = 4000;

/// The points of one series as drawn: runs without gaps, in order.
pub(crate) type Runs = Vec<Vec<(f64, f64)>>;

/// The points to draw.
pub(crate) fn runs(chart: &Chart, series: &Series) -> Runs {
    let points = || series.x.iter().copied().zip(series.y.iter().copied());
    let finite = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    if chart.mark == Mark::Scatter {
        let every = step(series);
        return vec![points().filter(finite).step_by(every).collect()];
    }
    let mut runs: Runs = vec![Vec::new()];
    for point in points() {
        match runs.last_mut() {
            Some(run) if finite(&point) => run.push(point),
            Some(run) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    let total: usize = runs.iter().map(Vec::len).sum();
    if total > LINE {
        // A line of thousands of pieces is bounded by its pieces, each thinned to its share.
        for run in &mut runs {
            *run = lttb(run, (run.len() * LINE / total).max(2));
        }
        let every = runs.len().div_ceil(LINE);
        runs = runs.into_iter().step_by(every).collect();
    }
    runs
}

/// Every how many points of a cloud one is drawn.
pub(crate) fn step(series: &Series) -> usize {
    let finite = series.x.iter().zip(&series.y).filter(|(x, y)| x.is_finite() && y.is_finite()).count();
    finite.div_ceil(CLOUD).max(1)
}

/// A remark on what is not drawn.
pub(crate) fn remark(chart: &Chart) -> Option<String> {
    let every = chart.series.iter().map(step).max().filter(|&every| every > 1 && chart.mark == Mark::Scatter)?;
    Some(format!("one point in {every} is shown"))
}

/// Largest-triangle-three-buckets (Steinarsson 2013): `count` of the points that keep the line's shape, ends included.
fn lttb(points: &[(f64, f64)], count: usize) -> Vec<(f64, f64)> {
    if points.len() <= count || count < 3 {
        return match points {
            [first, .., last] if points.len() > count => vec![*first, *last],
            _ => points.to_vec(),
        };
    }
    let every = (points.len() - 2) as f64 / (count - 2) as f64;
    let bound = |i: usize| ((i as f64 * every) as usize + 1).min(points.len() - 1);
    let mut out = vec![points[0]];
    let mut last = points[0];
    for bucket in 0..count - 2 {
        let next = &points[bound(bucket + 1)..bound(bucket + 2).max(bound(bucket + 1) + 1).min(points.len())];
        let n = next.len() as f64;
        let mean = next.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
        let area = |p: &(f64, f64)| ((last.0 - mean.0) * (p.1 - last.1) - (last.0 - p.0) * (mean.1 - last.1)).abs();
        let here = &points[bound(bucket)..bound(bucket + 1)];
        let best = here.iter().copied().max_by(|a, b| area(a).total_cmp(&area(b)));
        last = best.unwrap_or(last);
        out.push(last);
    }
    out.push(points[points.len() - 1]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_ends_and_spikes() {
        let points: Vec<(f64, f64)> = (0..100_000)
            .map(|i| (f64::from(i), if i == 70_123 { 50.0 } else { (f64::from(i) / 900.0).sin() }))
            .collect();
        let thin = lttb(&points, LINE);
        assert_eq!(thin.len(), LINE);
        assert_eq!((thin[0], thin[LINE - 1]), (points[0], points[99_999]));
        assert!(thin.contains(&(70_123.0, 50.0)));
        assert!(thin.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn gaps_split_and_many_pieces_stay_bounded() {
        let y = [1.0, f64::NAN, 2.0, 3.0, f64::INFINITY];
        let chart = Chart::line(&[0, 1, 2, 3, 4], &y).unwrap();
        assert_eq!(runs(&chart, &chart.series[0]), [vec![(0.0, 1.0)], vec![(2.0, 2.0), (3.0, 3.0)]]);
        let x: Vec<f64> = (0..60_000).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|v| if v % 3.0 == 0.0 { f64::NAN } else { *v }).collect();
        let chart = Chart::line(&x, &y).unwrap();
        let points: usize = runs(&chart, &chart.series[0]).iter().map(Vec::len).sum();
        assert!(points <= 2 * LINE, "{points}");
    }
}
