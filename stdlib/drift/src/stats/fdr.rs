//! False discoveries: the p-values that Benjamini and Hochberg (1995) would compare with the level.

/// The p-values adjusted for false discoveries, in the order given: `min over larger ones of p m / rank`, as
/// `scipy.stats.false_discovery_control`.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let (mut adjusted, mut least) = (vec![1.0; p.len()], 1.0f64);
    for (from_last, &at) in order.iter().enumerate() {
        let rank = (p.len() - from_last) as f64;
        least = least.min(p[at] * p.len() as f64 / rank);
        adjusted[at] = least;
    }
    adjusted
}
