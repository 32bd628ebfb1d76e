//! Random numbers that depend on a seed and a position alone, so that threads cannot disturb them.

/// SplitMix64's mixing of `position` into `seed` (Steele, Lea & Flood 2014).
pub(crate) fn mix(seed: u64, position: u64) -> u64 {
    let mut z = seed.wrapping_add(position.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `count` of the numbers below `rows`, in ascending order, each set of them equally likely.
pub(crate) fn sample(rows: usize, count: usize, seed: u64) -> Vec<u32> {
    if count >= rows {
        return (0..rows as u32).collect();
    }
    // One pass: a row is taken with the chance that is left for it (Knuth, TAOCP 2, 3.4.2, algorithm S).
    let mut chosen = Vec::with_capacity(count);
    for row in 0..rows {
        let (wanted, left) = ((count - chosen.len()) as u128, (rows - row) as u128);
        if (u128::from(mix(seed, row as u64)) * left) >> 64 < wanted {
            chosen.push(row as u32);
        }
    }
    chosen
}
