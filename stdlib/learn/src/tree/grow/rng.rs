//! The random numbers of a tree: a stream of its own for each pair of seed and tree.

/// SplitMix64 (Steele, Lea & Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of tree number `tree`: which thread grows it does not matter.
    pub(crate) fn new(seed: u64, tree: usize) -> Self {
        let mut start = Rng { state: seed };
        let first = start.next();
        let mut mixed = Rng { state: first ^ (tree as u64).wrapping_mul(0xd134_2543_de82_ef95) };
        Rng { state: mixed.next() }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, all alike up to one in 2^64.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// How often each of `rows` rows is among `draws` draws with replacement.
pub(crate) fn bootstrap(rng: &mut Rng, rows: usize, draws: usize) -> Vec<u32> {
    let mut counts = vec![0; rows];
    for _ in 0..draws {
        counts[rng.below(rows)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_cover_their_range_evenly() {
        let mut rng = Rng::new(7, 3);
        let mut seen = [0u32; 10];
        (0..100_000).for_each(|_| seen[rng.below(10)] += 1);
        assert!(seen.iter().all(|&n| (9_600..10_400).contains(&n)), "{seen:?}");
    }

    #[test]
    fn trees_and_seeds_have_streams_of_their_own() {
        let mut first: Vec<u64> = (0..100).flat_map(|s| (0..100).map(move |t| Rng::new(s, t).next())).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 10_000);
    }

    #[test]
    fn a_bootstrap_leaves_a_share_of_1_over_e_out() {
        let counts = bootstrap(&mut Rng::new(1, 0), 10_000, 10_000);
        assert_eq!(counts.iter().sum::<u32>(), 10_000);
        let out = counts.iter().filter(|&&c| c == 0).count();
        assert!((3_500..3_860).contains(&out), "{out}");
    }
}
