//! How much a request of spans would become, before any of it is built: an empty span is two bytes on its way, and
//! hundreds in memory.

/// Most spans of one request; exporters send some hundreds at once.
pub(super) const MAX_SPANS: usize = 10_000;
/// Most messages of one request, in protobuf: spans, attributes, values and so on.
const MAX_MESSAGES: usize = 300_000;
/// Most values of one request, in JSON.
const MAX_VALUES: usize = 1_000_000;
/// Deepest nesting of messages.
const MAX_DEPTH: usize = 100;

/// Kinds of messages: of which fields they have messages in them.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Export,
    Resource,
    Scope,
    Span,
    Event,
    Link,
    Status,
    Pair,
    Any,
    Values,
    Pairs,
}

impl Kind {
    /// What a field holds, if that is messages.
    fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Export, 1) => Kind::Resource,
            (Kind::Resource, 2) => Kind::Scope,
            (Kind::Scope, 2) => Kind::Span,
            (Kind::Span, 9) | (Kind::Event, 3) | (Kind::Link, 4) | (Kind::Pairs, 1) => Kind::Pair,
            (Kind::Span, 11) => Kind::Event,
            (Kind::Span, 13) => Kind::Link,
            (Kind::Span, 15) => Kind::Status,
            (Kind::Pair, 2) | (Kind::Values, 1) => Kind::Any,
            (Kind::Any, 5) => Kind::Values,
            (Kind::Any, 6) => Kind::Pairs,
            _ => return None,
        })
    }
}

/// What may still come.
struct Left {
    spans: usize,
    messages: usize,
}

/// Whether a request in protobuf is small enough to be built. One that is malformed is: its decoder says what is wrong.
pub(super) fn protobuf_fits(body: &[u8]) -> bool {
    fits(Kind::Export, body, 0, &mut Left { spans: MAX_SPANS, messages: MAX_MESSAGES })
}

fn fits(kind: Kind, mut body: &[u8], depth: usize, left: &mut Left) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    while let Some(tag) = varint(&mut body) {
        let skipped = match tag & 7 {
            0 => varint(&mut body).is_some(),
            1 => skip(&mut body, 8).is_some(),
            5 => skip(&mut body, 4).is_some(),
            2 => {
                let length = varint(&mut body).and_then(|length| usize::try_from(length).ok());
                let Some(inner) = length.and_then(|length| skip(&mut body, length)) else { return true };
                if let Some(kind) = kind.field(tag >> 3) {
                    let spans = left.spans.checked_sub(usize::from(kind == Kind::Span));
                    let (Some(spans), Some(messages)) = (spans, left.messages.checked_sub(1)) else { return false };
                    *left = Left { spans, messages };
                    if !fits(kind, inner, depth + 1, left) {
                        return false;
                    }
                }
                true
            }
            // Groups hold nothing that is kept; the decoder skips them.
            _ => return true,
        };
        if !skipped {
            return true;
        }
    }
    true
}

fn varint(body: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = body.split_first()?;
        *body = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn skip<'a>(body: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (inner, rest) = body.split_at_checked(count)?;
    *body = rest;
    Some(inner)
}

/// Whether a request in JSON is small enough to be built.
pub(super) fn json_fits(body: &[u8]) -> bool {
    let (mut values, mut text, mut escaped) = (0usize, false, false);
    for &byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            // An empty one is a value too, and takes more than one that is not.
            b'{' | b'[' if !text => values += 4,
            b',' if !text => values += 1,
            _ => {}
        }
    }
    values <= MAX_VALUES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut out = vec![field << 3 | 2];
        let mut length = inner.len();
        while length > 0x7f {
            out.push(0x80 | (length & 0x7f) as u8);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend(inner);
        out
    }

    fn spans(count: usize, span: &[u8]) -> Vec<u8> {
        message(1, &message(2, &message(2, span).repeat(count)))
    }

    #[test]
    fn spans_are_counted_before_they_are_built() {
        assert!(protobuf_fits(&spans(MAX_SPANS, b"")));
        assert!(!protobuf_fits(&spans(MAX_SPANS + 1, b"")));
        assert!(protobuf_fits(&spans(1, &message(9, b"").repeat(1000))));
        for field in [9, 11, 13] {
            assert!(!protobuf_fits(&spans(1, &message(field, b"").repeat(MAX_MESSAGES))), "{field}");
        }
        assert!(protobuf_fits(b""));
        assert!(protobuf_fits(&[0xff; 30]), "what is malformed is left to the decoder");
    }

    #[test]
    fn values_are_counted_before_they_are_built() {
        assert!(json_fits(br#"{"a": [1, 2, "{{{{,,,,\",,,"]}"#));
        assert!(!json_fits("{},".repeat(MAX_VALUES / 4).as_bytes()));
        assert!(!json_fits(&b"1,".repeat(MAX_VALUES + 1)));
    }
}
