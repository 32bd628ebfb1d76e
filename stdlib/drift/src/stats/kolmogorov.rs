//! Distributions of the Kolmogorov-Smirnov statistic, with the choice of formulas that `scipy.stats.ks_2samp` makes.

use std::f64::consts::PI;

/// Rows of the larger sample up to which the p-value is exact.
const EXACT: u64 = 10_000;

/// The two-sided p-value of the largest distance `d` between the distribution functions of samples of `n1` and `n2` rows.
///
/// Exact up to 10,000 rows each, otherwise from the distribution of one sample of the harmonic size (Simard and
/// L'Ecuyer, Computing the Two-Sided Kolmogorov-Smirnov Distribution, J. Stat. Software 39, 2011).
pub(super) fn two_sample_p(d: f64, n1: u64, n2: u64) -> f64 {
    let exact = if n1.max(n2) <= EXACT { exact_p(d, n1, n2) } else { None };
    exact.unwrap_or_else(|| {
        let (m, n) = (n1.max(n2) as f64, n1.min(n2) as f64);
        one_sample_sf((m * n / (m + n)).round_ties_even(), d).clamp(0.0, 1.0)
    })
}

fn exact_p(d: f64, n1: u64, n2: u64) -> Option<f64> {
    let gcd = gcd(n1, n2);
    let lcm = n1 / gcd * n2;
    let h = (d * lcm as f64).round_ties_even() as u64;
    let p = match h {
        0 => 1.0,
        h if n1 == n2 => outside_square(n1, h),
        h => outside_band(n1.max(n2), n1.min(n2), gcd, h),
    };
    // Rounding can lead out of the range; scipy then goes on with the other formula, as we do.
    (0.0..=1.0).contains(&p).then_some(p)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The share of lattice paths from (0, 0) to (n, n) that leave the band |x - y| < h.
fn outside_square(n: u64, h: u64) -> f64 {
    let (n, mut k, mut p) = (n as f64, (n / h) as i64, 0.0);
    while k >= 0 {
        let kh = k as f64 * h as f64;
        let paths = (0..h).fold(1.0, |p1, j| (n - kh - j as f64) * p1 / (n + kh + j as f64 + 1.0));
        p = paths * (1.0 - p);
        k -= 1;
    }
    2.0 * p
}

/// The share of lattice paths from (0, 0) to (m, n), m >= n, that leave the band |n x - m y| / g < h (Hodges 1958; column
/// after column, each entry the mean of its two neighbours by their chances, so that nothing overflows).
fn outside_band(m: u64, n: u64, g: u64, h: u64) -> f64 {
    let (mg, ng, m, n, h) = ((m / g) as i64, (n / g) as i64, m as i64, n as i64, h as i64);
    let ceil = |a: i64, b: i64| -(-a).div_euclid(b);
    let (mut low, mut high) = (0, ceil(h, mg).min(n + 1));
    let mut length = high - low;
    let mut column = vec![1.0; (2 * high + 2).min(n + 1) as usize];
    column[..high as usize].fill(0.0);
    for i in 1..=m {
        let (last_low, last_length) = (low, length);
        low = ((ng * i - h).div_euclid(mg) + 1).clamp(0, n);
        high = ceil(ng * i + h, mg).min(n + 1);
        if high <= low {
            return 1.0;
        }
        length = high - low;
        let mut value = if low == 0 { 0.0 } else { 1.0 };
        let shift = (low - last_low) as usize;
        for at in 0..length as usize {
            let j = (at as i64 + low) as f64;
            value = (column[at + shift] * i as f64 + value * j) / (i as f64 + j);
            column[at] = value;
        }
        if last_length > length {
            column[length as usize..last_length as usize].fill(1.0);
        }
    }
    column[(length - 1) as usize]
}

/// The chance that the statistic of one sample of `n` rows exceeds `x`.
fn one_sample_sf(n: f64, x: f64) -> f64 {
    let t = n * x;
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 0.5 {
        return 1.0;
    }
    if t <= 1.0 {
        // Ruben and Gambino: n! / n^n (2t - 1)^n.
        return 1.0 - (ln_factorial_over_power(n) + n * (2.0 * t - 1.0).ln()).exp();
    }
    if t >= n - 1.0 {
        return 2.0 * (1.0 - x).powf(n);
    }
    if x >= 0.5 {
        return 2.0 * one_sided_sf(n, x);
    }
    let nxx = t * x;
    match n <= 140.0 {
        true if nxx <= 4.0 => 1.0 - durbin_cdf(n as u64, x),
        true => 2.0 * one_sided_sf(n, x),
        false if nxx >= 370.0 => 0.0,
        false if nxx >= 2.2 => 2.0 * one_sided_sf(n, x),
        false if n <= 100_000.0 && n * x.powf(1.5) <= 1.4 => 1.0 - durbin_cdf(n as u64, x),
        false => 1.0 - pelz_good_cdf(n, x),
    }
}

/// ln(n! / n^n).
fn ln_factorial_over_power(n: f64) -> f64 {
    if n <= 140.0 {
        return (1..=n as u32).map(|k| (f64::from(k) / n).ln()).sum();
    }
    0.5 * (2.0 * PI * n).ln() - n + stirling_error(n)
}

/// Rows from which on the one-sided chance is taken from its limit, as scipy does.
const LIMIT: f64 = 1e6;

/// The chance that the one-sided statistic exceeds x (Smirnov; Birnbaum and Tingey 1951), as a sum of binomial chances.
fn one_sided_sf(n: f64, x: f64) -> f64 {
    if n > LIMIT {
        return (-(6.0 * n * x + 1.0).powi(2) / 18.0 / n).exp();
    }
    let last = (n * (1.0 - x)).floor() as u64;
    (0..=last)
        .map(|j| {
            let j = j as f64;
            let q = x + j / n;
            x / q * binomial(j, n, q.min(1.0))
        })
        .sum()
}

/// The chance of k among n, by Loader's saddle point (Fast and Accurate Computation of Binomial Probabilities, 2000).
fn binomial(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if k == n {
        return (n * p.ln()).exp();
    }
    let ln = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(k, n * p)
        - deviance(n - k, n * (1.0 - p));
    (n / (2.0 * PI * k * (n - k))).sqrt() * ln.exp()
}

/// ln n! less Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let ln_factorial: f64 = (2..=n as u32).map(|k| f64::from(k).ln()).sum();
        return ln_factorial - ((n + 0.5) * n.ln() - n + 0.5 * (2.0 * PI).ln());
    }
    let nn = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / nn) / nn) / nn) / nn) / n
}

/// x ln(x / m) + m - x without cancellation.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return if m > 0.0 { x * (x / m).ln() + m - x } else { f64::INFINITY };
    }
    let v = (x - m) / (x + m);
    let (mut sum, mut term, mut j) = ((x - m) * v, 2.0 * x * v, 1.0);
    loop {
        term *= v * v;
        let next = sum + term / (2.0 * j + 1.0);
        if next == sum {
            return sum;
        }
        (sum, j) = (next, j + 1.0);
    }
}

/// 2^128, by which numbers are scaled that would not fit.
const SCALE: f64 = (1u128 << 127) as f64 * 2.0;

/// The chance that the statistic is at most d: Durbin's matrix in the way of Marsaglia, Tsang and Wang (2003); exact.
fn durbin_cdf(n: u64, d: f64) -> f64 {
    let nd = n as f64 * d;
    let k = nd.ceil() as usize;
    let h = k as f64 - nd;
    let m = 2 * k - 1;
    let mut inverse_factorial = 1.0;
    let (mut v, mut w) = (vec![0.0; m], vec![0.0; m]);
    for j in 1..=m {
        w[j - 1] = inverse_factorial;
        inverse_factorial /= j as f64;
        v[j - 1] = (1.0 - h.powi(j as i32)) * inverse_factorial;
    }
    let corner = (2.0 * h - 1.0).max(0.0).powi(m as i32) - 2.0 * h.powi(m as i32);
    v[m - 1] = (1.0 + corner) * inverse_factorial;
    let mut base = vec![0.0; m * m];
    for row in 0..m {
        for column in 1..m.min(row + 2) {
            base[row * m + column] = w[row + 1 - column];
        }
        base[row * m] = v[row];
    }
    for column in 0..m {
        base[(m - 1) * m + column] = v[m - 1 - column];
    }
    let middle = (k - 1) * m + k - 1;
    let mut power = vec![0.0; m * m];
    (0..m).for_each(|i| power[i * m + i] = 1.0);
    let (mut left, mut exponent, mut base_exponent) = (n, 0i32, 0i32);
    while left > 0 {
        if left % 2 == 1 {
            power = product(&power, &base, m);
            exponent += base_exponent;
        }
        base = product(&base, &base, m);
        base_exponent *= 2;
        if base[middle].abs() > SCALE {
            base.iter_mut().for_each(|x| *x /= SCALE);
            base_exponent += 1;
        }
        left /= 2;
    }
    let mut p = power[middle];
    for i in 1..=n {
        p *= i as f64 / n as f64;
        if p.abs() < 1.0 / SCALE {
            p *= SCALE;
            exponent -= 1;
        }
    }
    let step = if exponent > 0 { SCALE } else { 1.0 / SCALE };
    (0..exponent.abs()).for_each(|_| p *= step);
    p.clamp(0.0, 1.0)
}

fn product(a: &[f64], b: &[f64], m: usize) -> Vec<f64> {
    let mut out = vec![0.0; m * m];
    for (row, line) in out.chunks_mut(m).enumerate() {
        for (k, &factor) in a[row * m..(row + 1) * m].iter().enumerate() {
            line.iter_mut().zip(&b[k * m..(k + 1) * m]).for_each(|(sum, &x)| *sum += factor * x);
        }
    }
    out
}

/// The chance that the statistic is at most x, by the four terms of Pelz and Good (1976), for large n.
fn pelz_good_cdf(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    let (z2, z4, z6, z8) = (z.powi(2), z.powi(4), z.powi(6), z.powi(8));
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let exponent = -pi2 / 8.0 / z2;
    if exponent < -708.0 {
        return 0.0;
    }
    let q = exponent.exp();
    let most = (16.0 * z / PI).ceil() as i32;
    let mut terms = [0.0; 4];
    for k in (1..=most).rev() {
        let m2 = f64::from(2 * k - 1).powi(2);
        let (m4, m6) = (m2 * m2, m2 * m2 * m2);
        let now = [
            1.0,
            pi2 / 4.0 * m2 - z2,
            6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4,
            -30.0 * z6 - 90.0 * z8
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (212.0 * z4 - 60.0 * z2) / 16.0 * m4
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6,
        ];
        // Σ c q^(m²): from one odd m to the next the exponent grows by 8 k.
        let step = q.powi(8 * k);
        terms.iter_mut().zip(now).for_each(|(sum, c)| *sum = *sum * step + c);
    }
    let root = (2.0 * PI).sqrt();
    let below = [z, 6.0 * z4, 72.0 * z.powi(7), 6480.0 * z.powi(10)];
    terms.iter_mut().zip(below).for_each(|(sum, below)| *sum *= q * root / below);
    let q = (-pi2 / 2.0 / z2).exp();
    for k in (1..=most).rev() {
        let k2 = f64::from(k).powi(2);
        let weight = k2 * q.powf(k2);
        terms[2] -= weight * pi2 * root / (36.0 * z * z2);
        terms[3] += weight * (3.0 * z2 - pi2 * k2) * pi2 * root / (216.0 * z6);
    }
    let parts = terms.iter().zip([1.0, n.sqrt(), n, n * n.sqrt()]);
    parts.map(|(term, below)| term / below).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_are_scipys_whichever_formula_they_take() {
        let cases = include_str!("../../tests/reference/kolmogorov.json");
        let cases: Vec<(u64, u64, f64, f64)> = serde_json::from_str(cases).expect("rows of four numbers");
        assert!(cases.len() > 300);
        for (n1, n2, d, wanted) in cases {
            let p = two_sample_p(d, n1, n2);
            assert!((p - wanted).abs() < 1e-10, "{n1} {n2} {d}: {p:?}, not {wanted:?}");
        }
    }
}
