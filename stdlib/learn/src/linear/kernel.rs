//! Products of all pairs of short columns, the innermost loop of the linear models.

use super::cholesky::at;

/// Rows that are multiplied at once: with some tens of columns they stay in the second-level cache.
pub(crate) const CHUNK: usize = 256;
/// Partial sums per product, added up at the end; the same for every instruction set, so that the bits are, too.
const LANES: usize = 4;

type Lane = [f64; CHUNK];

/// Adds to the lower triangle `sums` the dot products of all pairs of the lanes in `z`.
pub(crate) fn products(z: &[f64], sums: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "twice as fast (bench/linear), and the check above is all that it needs")]
        // SAFETY: the processor has AVX2.
        unsafe {
            products_avx2(z, sums);
        }
        return;
    }
    tiles::<2, 2>(z, sums);
}

/// Multiplications and additions stay apart (no FMA): the bits are those of every other machine.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn products_avx2(z: &[f64], sums: &mut [f64]) {
    tiles::<4, 2>(z, sums);
}

/// Goes over the triangle in tiles of `M` x `N` products, whose partial sums stay in registers.
#[inline(always)]
fn tiles<const M: usize, const N: usize>(z: &[f64], sums: &mut [f64]) {
    let (lanes, _) = z.as_chunks::<CHUNK>();
    for i in (0..lanes.len()).step_by(M) {
        for j in (0..(i + M).min(lanes.len())).step_by(N) {
            // Beyond the last lane, products are computed once more and not used.
            let of = |k: usize| &lanes[k.min(lanes.len() - 1)];
            let tile = tile::<M, N>(std::array::from_fn(|k| of(i + k)), std::array::from_fn(|k| of(j + k)));
            for (a, row) in tile.iter().enumerate().take(lanes.len() - i) {
                for (b, sum) in row.iter().enumerate().filter(|(b, _)| j + b <= i + a) {
                    sums[at(i + a, j + b)] += sum;
                }
            }
        }
    }
}

#[inline(always)]
fn tile<const M: usize, const N: usize>(a: [&Lane; M], b: [&Lane; N]) -> [[f64; N]; M] {
    let mut sums = [[[0.0; LANES]; N]; M];
    for k in 0..CHUNK / LANES {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sums, b) in sums.iter_mut().zip(b) {
                for l in 0..LANES {
                    sums[l] += a[k * LANES + l] * b[k * LANES + l];
                }
            }
        }
    }
    // Opaque, or the compiler lays the lanes out for this last line and shuffles in the loop: four times slower.
    let sums = std::hint::black_box(sums);
    sums.map(|row| row.map(|s| (s[0] + s[2]) + (s[1] + s[3])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for lanes in [1, 2, 3, 7, 13] {
            let z: Vec<f64> = (0..lanes * CHUNK).map(|k| ((k * 7919) % 1013) as f64 / 37.0 - 13.0).collect();
            let (mut best, mut plain) = (vec![0.5; at(lanes, 0)], vec![0.5; at(lanes, 0)]);
            products(&z, &mut best);
            tiles::<2, 2>(&z, &mut plain);
            assert_eq!(best, plain);
            let dot: f64 = (0..CHUNK).map(|k| z[(lanes - 1) * CHUNK + k] * z[k]).sum();
            assert!((best[at(lanes - 1, 0)] - 0.5 - dot).abs() < 1e-7 * dot.abs());
        }
    }
}
