//! Symmetric positive definite systems of moderate size.

/// Index of entry (`i`, `j`), `j <= i`, in a lower triangle stored row by row.
pub(crate) fn at(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

/// Solves `A x = b` for a symmetric `A` (lower triangle, row by row), adding to its diagonal what it lacks in definiteness.
///
/// `A` is scaled to a unit diagonal first (Higham, Accuracy and Stability of Numerical Algorithms, 2002, 10.1). A
/// singular or indefinite `A` gets growing multiples of its diagonal added until its factorisation succeeds, which
/// shortens the solution along the directions that `A` says nothing about. `None` if `A` holds values that are not finite.
pub(crate) fn solve(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    if a.iter().chain(b).any(|x| !x.is_finite()) {
        return None;
    }
    let n = b.len();
    let scale: Vec<f64> = (0..n).map(|i| a[at(i, i)]).map(|d| if d > 0.0 { d.sqrt().recip() } else { 1.0 }).collect();
    let mut ridge = 0.0;
    loop {
        let mut factor = a.to_vec();
        for i in 0..n {
            for j in 0..=i {
                factor[at(i, j)] *= scale[i] * scale[j];
            }
            factor[at(i, i)] += ridge;
        }
        if factorise(&mut factor, n) {
            let scaled: Vec<f64> = b.iter().zip(&scale).map(|(b, s)| b * s).collect();
            let solution = substitute(&factor, scaled);
            return Some(solution.iter().zip(&scale).map(|(x, s)| x * s).collect());
        }
        ridge = if ridge == 0.0 { 1e-12 } else { ridge * 100.0 };
        if ridge > 1e6 {
            return None;
        }
    }
}

/// Replaces the lower triangle of `A` by that of `L`, `A = L L^T`; false when `A` is not safely positive definite.
fn factorise(a: &mut [f64], n: usize) -> bool {
    // With a unit diagonal, a pivot below this is rounding error.
    let smallest = 1e-14 * n as f64;
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (at(i, 0), at(j, 0));
            let dot: f64 = (0..j).map(|k| a[row_i + k] * a[row_j + k]).sum();
            let rest = a[at(i, j)] - dot;
            if i != j {
                a[at(i, j)] = rest / a[at(j, j)];
            } else if rest > smallest {
                a[at(i, i)] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// Solves `L L^T x = b`.
fn substitute(l: &[f64], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| l[at(i, k)] * b[k]).sum();
        b[i] = (b[i] - dot) / l[at(i, i)];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[at(k, i)] * b[k]).sum();
        b[i] = (b[i] - dot) / l[at(i, i)];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_badly_scaled_system() {
        // A = [[4e12, 2e6], [2e6, 3]], x = [1e-6, 2]
        let x = solve(&[4e12, 2e6, 3.0], &[4e12 * 1e-6 + 2e6 * 2.0, 2e6 * 1e-6 + 6.0]).unwrap();
        assert!((x[0] - 1e-6).abs() < 1e-18 && (x[1] - 2.0).abs() < 1e-12, "{x:?}");
    }

    #[test]
    fn a_singular_system_has_a_bounded_solution_that_fits() {
        // Two equal columns: A = [[1, 1], [1, 1]], b = [2, 2]; and a zero row.
        let x = solve(&[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], &[2.0, 2.0, 0.0]).unwrap();
        assert!((x[0] + x[1] - 2.0).abs() < 1e-9 && x[0].abs() < 3.0 && x[2] == 0.0, "{x:?}");
    }

    #[test]
    fn values_that_are_not_finite_have_no_solution() {
        assert_eq!(solve(&[f64::NAN], &[1.0]), None);
        assert_eq!(solve(&[1.0], &[f64::INFINITY]), None);
    }
}
