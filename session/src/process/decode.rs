//! Bytes to text, for streams that are cut anywhere.

/// Decodes UTF-8 that comes in pieces; what is not UTF-8 becomes U+FFFD.
#[derive(Default)]
pub(super) struct Decoder {
    /// The beginning of a character whose rest has not come yet.
    pending: Vec<u8>,
}

impl Decoder {
    /// Decodes as far as the bytes go.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let mut joined = std::mem::take(&mut self.pending);
        joined.extend_from_slice(bytes);
        let joined = match String::from_utf8(joined) {
            Ok(text) => return text,
            Err(error) => error.into_bytes(),
        };
        let mut text = String::with_capacity(joined.len());
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            if chunk.invalid().is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_beginning(chunk.invalid()) {
                self.pending = chunk.invalid().to_vec();
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// What is left when no more will come.
    pub(super) fn finish(&mut self) -> Option<String> {
        let pending = std::mem::take(&mut self.pending);
        (!pending.is_empty()).then(|| String::from_utf8_lossy(&pending).into_owned())
    }
}

/// Whether more bytes could make this a character.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::Decoder;

    #[test]
    fn characters_survive_any_cut() {
        let text = "naïve 気温 🦀\n";
        for cut in 0..=text.len() {
            let mut decoder = Decoder::default();
            let (a, b) = text.as_bytes().split_at(cut);
            let joined = decoder.push(a) + &decoder.push(b);
            assert_eq!((joined.as_str(), decoder.finish()), (text, None), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_loses_no_neighbour() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(b"a\xffb\xc3"), "a\u{fffd}b");
        assert_eq!(decoder.push(b"c"), "\u{fffd}c");
        assert_eq!(decoder.push(b"d\xf0\x9f"), "d");
        assert_eq!(decoder.finish().as_deref(), Some("\u{fffd}"));
        assert_eq!(decoder.finish(), None);
    }
}
