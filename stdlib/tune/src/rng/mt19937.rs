//! The Mersenne Twister as NumPy's `RandomState` draws from it.

use super::Draw;

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// `numpy.random.RandomState(seed)` (Matsumoto & Nishimura 1998).
#[derive(Clone)]
pub(crate) struct Mt19937 {
    state: Box<[u32; SIZE]>,
    at: usize,
}

impl Mt19937 {
    /// Begun with a seed.
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = Box::new([0u32; SIZE]);
        state[0] = seed;
        for i in 1..SIZE {
            let last = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        Mt19937 { state, at: SIZE }
    }

    fn next(&mut self) -> u32 {
        if self.at == SIZE {
            for i in 0..SIZE {
                let y = self.state[i] & 0x8000_0000 | self.state[(i + 1) % SIZE] & 0x7fff_ffff;
                let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (y >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }

    /// A whole number from 0 to `highest`, as NumPy shuffles with.
    fn up_to(&mut self, highest: u32) -> u32 {
        if highest == 0 {
            return 0;
        }
        let mask = u32::MAX >> highest.leading_zeros();
        loop {
            let value = self.next() & mask;
            if value <= highest {
                return value;
            }
        }
    }

    /// `RandomState.shuffle` of a list.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let other = self.up_to(u32::try_from(i).unwrap_or(u32::MAX)) as usize;
            items.swap(i, other);
        }
    }
}

impl Draw for Mt19937 {
    fn unit(&mut self) -> f64 {
        let high = f64::from(self.next() >> 5);
        let low = f64::from(self.next() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

impl std::fmt::Debug for Mt19937 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mt19937").field("at", &self.at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_numpy_draws() {
        // np.random.RandomState(7).random_sample(3), then .shuffle(list(range(10))) of a new one.
        let mut rng = Mt19937::new(7);
        let drawn = [rng.unit(), rng.unit(), rng.unit()];
        assert_eq!(drawn, [0.076_308_289_373_957_17, 0.779_918_792_240_114_6, 0.438_409_231_440_893_5]);
        let mut items: Vec<u32> = (0..10).collect();
        Mt19937::new(7).shuffle(&mut items);
        assert_eq!(items, [8, 5, 0, 2, 1, 9, 7, 3, 6, 4]);
    }
}
