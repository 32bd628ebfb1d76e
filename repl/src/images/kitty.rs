//! Kitty's graphics protocol: a picture as base64 in pieces.

use super::through_tmux;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a piece.
const PIECE: usize = 4096;

/// The sequences that show a PNG over so many columns; the terminal finds the rows itself, and answers nothing.
pub fn sequence(png: &[u8], columns: usize, in_tmux: bool) -> String {
    let data = STANDARD.encode(png);
    let count = data.len().div_ceil(PIECE).max(1);
    let mut out = String::with_capacity(data.len() + count * 16);
    for at in 0..count {
        let piece = &data[at * PIECE..((at + 1) * PIECE).min(data.len())];
        let more = u8::from(at + 1 < count);
        let keys = if at == 0 { format!("a=T,f=100,c={columns},q=2,m={more}") } else { format!("m={more}") };
        let sequence = format!("\x1b_G{keys};{piece}\x1b\\");
        out.push_str(&if in_tmux { through_tmux(&sequence) } else { sequence });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_picture() {
        let png: Vec<u8> = (0..10_000_u32).map(|i| (i % 251) as u8).collect();
        let out = sequence(&png, 80, false);
        let pieces: Vec<(&str, &str)> = out
            .split_terminator("\x1b\\")
            .map(|piece| piece.strip_prefix("\x1b_G").and_then(|rest| rest.split_once(';')).expect("a piece"))
            .collect();
        let keys: Vec<&str> = pieces.iter().map(|(keys, _)| *keys).collect();
        assert_eq!(keys, ["a=T,f=100,c=80,q=2,m=1", "m=1", "m=1", "m=0"]);
        assert!(pieces.iter().all(|(_, data)| data.len() <= PIECE));
        let data: String = pieces.iter().map(|(_, data)| *data).collect();
        assert_eq!(STANDARD.decode(data).expect("base64"), png);
        assert_eq!(sequence(b"x", 1, false).matches("\x1b_G").count(), 1);
    }
}
