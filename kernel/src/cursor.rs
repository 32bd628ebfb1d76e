//! Cursor positions: the protocol counts code points, Rust bytes.

/// The byte at which the code point `position` begins; the text's end for one beyond it.
pub fn to_byte(text: &str, position: usize) -> usize {
    text.char_indices().nth(position).map_or(text.len(), |(at, _)| at)
}

/// The code points before a byte.
pub fn from_byte(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let text = "a🦀é\u{301}b";
        for (position, byte) in [(0, 0), (1, 1), (2, 5), (3, 7), (4, 9), (5, 10), (99, 10)] {
            assert_eq!(to_byte(text, position), byte);
            assert_eq!(from_byte(text, byte), position.min(5));
        }
    }
}
