//! Divides the rows of a leaf between its children, in their order.

use rayon::prelude::*;

/// Rows from which several threads work.
const SHARED: usize = 32_768;
/// Rows that a thread takes at once.
const CHUNK: usize = 16_384;

/// Moves the rows whose bin goes right behind the others and returns the number of the others.
pub(crate) fn partition(rows: &mut [u32], scratch: &mut [u32], column: &[u8], right: &[bool; 256]) -> usize {
    if rows.len() < SHARED {
        let left = divide(rows, scratch, column, right);
        let others = rows.len() - left;
        rows[left..].copy_from_slice(&scratch[..others]);
        return left;
    }
    let chunks = rows.par_chunks_mut(CHUNK).zip(scratch.par_chunks_mut(CHUNK));
    let counts: Vec<usize> = chunks.map(|(rows, scratch)| divide(rows, scratch, column, right)).collect();
    let mut left = 0;
    for (k, &count) in counts.iter().enumerate() {
        rows.copy_within(k * CHUNK..k * CHUNK + count, left);
        left += count;
    }
    let mut to = left;
    for (&count, scratch) in counts.iter().zip(scratch.chunks(CHUNK)) {
        let others = &scratch[..scratch.len() - count];
        rows[to..to + others.len()].copy_from_slice(others);
        to += others.len();
    }
    left
}

/// Leaves the rows that stay at the front of `rows` and puts the others into `scratch`, without branches.
fn divide(rows: &mut [u32], scratch: &mut [u32], column: &[u8], right: &[bool; 256]) -> usize {
    let (mut l, mut r) = (0, 0);
    for i in 0..rows.len() {
        let row = rows[i];
        let goes_right = usize::from(right[usize::from(column[row as usize])]);
        rows[l] = row;
        scratch[r] = row;
        r += goes_right;
        l += 1 - goes_right;
    }
    l
}
