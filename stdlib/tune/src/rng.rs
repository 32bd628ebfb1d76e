//! Random numbers: streams that depend on nothing but seed and trial, and NumPy's, so that Optuna's studies can be repeated.

mod mt19937;

pub(crate) use mt19937::Mt19937;

/// A source of uniform random numbers.
pub(crate) trait Draw {
    /// A number in [0, 1) with 53 random bits.
    fn unit(&mut self) -> f64;

    /// A place in `weights`, which add up to about 1, by their sizes.
    fn pick(&mut self, cumulated: &[f64]) -> usize {
        let wanted = self.unit();
        cumulated.partition_point(|sum| *sum <= wanted).min(cumulated.len() - 1)
    }
}

/// Sums of the weights up to each, divided by the last.
pub(crate) fn cumulate(weights: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = weights
        .into_iter()
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect();
    sums.iter_mut().for_each(|each| *each /= sum);
    sums
}

/// xoshiro256++ (Blackman & Vigna 2021), begun by SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Xoshiro([u64; 4]);

impl Xoshiro {
    /// The stream of `purpose` in trial `number`: the same whatever was drawn before, so that a study that is resumed
    /// goes on as it would have.
    pub(crate) fn new(seed: u64, number: u32, purpose: &str) -> Self {
        let hash =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut state = mix(seed).wrapping_add(mix(u64::from(number) ^ 0x5851_f42d_4c95_7f2d)) ^ hash;
        Xoshiro(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }
}

impl Draw for Xoshiro {
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
