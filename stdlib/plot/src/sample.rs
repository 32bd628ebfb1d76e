//! Bounding the number of points: what a screen cannot show need not be sent to it.

use crate::figure::Runs;

/// Points of a line at most, before it is thinned.
pub(crate) const LINE: usize = 2000;
/// Points of a cloud at most, before it is sampled.
pub(crate) const CLOUD: usize = 4000;

/// What each of many series may have of `most` points: four whole ones, or as much for all together.
pub(crate) fn share(most: usize, series: usize) -> usize {
    (4 * most / series.max(1)).clamp(most / 20, most)
}

/// The points of a line as runs without gaps, thinned to about `most`.
pub(crate) fn runs(points: impl Iterator<Item = (f64, f64)>, most: usize, shows: impl Fn(f64, f64) -> bool) -> Runs {
    let mut runs: Runs = vec![Vec::new()];
    for point in points {
        match runs.last_mut() {
            Some(run) if shows(point.0, point.1) => run.push(point),
            Some(run) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    let total: usize = runs.iter().map(Vec::len).sum();
    if total > most {
        // A line of thousands of pieces is bounded by its pieces, each thinned to its share.
        for run in &mut runs {
            *run = lttb(run, (run.len() * most / total).max(2));
        }
        let every = runs.len().div_ceil(most);
        runs = runs.into_iter().step_by(every).collect();
    }
    runs
}

/// Every k-th point of a cloud such that at most `most` stay, and k.
pub(crate) fn every<T>(points: Vec<T>, most: usize) -> (Vec<T>, usize) {
    let every = points.len().div_ceil(most.max(1)).max(1);
    if every == 1 { (points, 1) } else { (points.into_iter().step_by(every).collect(), every) }
}

/// A remark on what is not drawn.
pub(crate) fn remark(every: usize) -> Option<String> {
    (every > 1).then(|| format!("one point in {every} is shown"))
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
        let finite = |x: f64, y: f64| x.is_finite() && y.is_finite();
        let y = [1.0, f64::NAN, 2.0, 3.0, f64::INFINITY];
        let points = y.iter().enumerate().map(|(i, y)| (i as f64, *y));
        assert_eq!(runs(points, LINE, finite), [vec![(0.0, 1.0)], vec![(2.0, 2.0), (3.0, 3.0)]]);
        let points = (0..60_000).map(f64::from).map(|v| (v, if v % 3.0 == 0.0 { f64::NAN } else { v }));
        let kept: usize = runs(points, LINE, finite).iter().map(Vec::len).sum();
        assert!(kept <= 2 * LINE, "{kept}");
    }

    #[test]
    fn clouds_are_thinned_evenly() {
        assert_eq!(every(vec![1, 2, 3], 3), (vec![1, 2, 3], 1));
        assert_eq!(every((0..9).collect(), 3), (vec![0, 3, 6], 3));
        assert_eq!(every((0..10).collect(), 3), (vec![0, 4, 8], 4));
    }
}
