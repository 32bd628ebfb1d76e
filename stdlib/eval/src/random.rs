//! Random numbers of our own, so that no library changes a split or an interval: SplitMix64 streams.

/// A stream of random numbers (SplitMix64, Steele, Lea & Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Stream { state: seed }
    }

    /// Stream number `i` of a seed; streams of different numbers have nothing to do with each other.
    pub(crate) fn numbered(seed: u64, i: u64) -> Self {
        let mut start = Stream::new(seed ^ i.wrapping_mul(0xd134_2543_de82_ef95));
        let first = start.bits();
        Stream::new(first ^ start.bits().rotate_left(32))
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `below`, without bias (Lemire 2019).
    #[inline]
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        loop {
            let product = u128::from(self.bits()) * u128::from(below);
            // The costly remainder is needed only where the low half is small.
            if product as u64 >= below || product as u64 >= below.wrapping_neg() % below {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in `0.0..1.0`.
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A normal number with mean 0 and deviation 1 (Marsaglia's polar method).
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// Brings the values into a random order, each equally likely (Fisher-Yates).
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for i in 0..values.len() {
            let j = i + self.below((values.len() - i) as u64) as usize;
            values.swap(i, j);
        }
    }
}
