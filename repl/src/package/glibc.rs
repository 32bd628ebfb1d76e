//! Which glibc the packed programs and libraries need, read from the versions of the symbols that they name.

use super::{bytes, part};
use crate::Error;
use ironbook_session::library::installed::Piece;

const PREFIX: &[u8] = b"GLIBC_2.";

/// The highest `N` of `GLIBC_2.N` that any of the compiled files names.
pub fn minor(pieces: &[Piece]) -> Result<u32, Error> {
    let compiled =
        |piece: &&Piece| ["front ends", "runtime", "the library", "proc macros"].contains(&part(&piece.name));
    let mut highest = 0;
    for piece in pieces.iter().filter(compiled) {
        highest = highest.max(highest_in(&bytes(piece)?));
    }
    Ok(highest)
}

/// The same of one file. Names of versions are strings that end in a zero byte; other text that looks alike can only ask
/// for more than is needed.
fn highest_in(content: &[u8]) -> u32 {
    let mut highest = 0;
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| *byte == PREFIX[0]) {
        rest = &rest[at..];
        let Some(after) = rest.strip_prefix(PREFIX) else {
            rest = &rest[1..];
            continue;
        };
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&after[..digits]).ok().and_then(|text| text.parse().ok());
        // `GLIBC_2.2.5` is older than any of these.
        if let (Some(number), Some(0)) = (number, after.get(digits)) {
            highest = highest.max(number);
        }
        rest = after;
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(highest_in(b"GGLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_2.99 in a text"), 34);
        assert_eq!(highest_in(b"G"), 0);
    }
}
