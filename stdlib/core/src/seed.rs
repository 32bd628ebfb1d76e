//! The session's seed: what "unseeded" library calls derive theirs from, so that a session can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

/// Seed of a session in which nobody called [`set`].
pub const DEFAULT: u64 = 0;

static SEED: AtomicU64 = AtomicU64::new(DEFAULT);

/// Sets the seed for all later library calls that were given none.
pub fn set(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
}

/// The session's seed.
pub fn get() -> u64 {
    SEED.load(Ordering::Relaxed)
}

/// A seed for `purpose` (for instance "split"), derived from the session's; independent streams for different purposes.
///
/// SplitMix64 over the FNV-1a hash of `purpose` (Steele, Lea & Flood 2014).
pub fn derive(purpose: &str) -> u64 {
    let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut z = get().wrapping_add(hash).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
