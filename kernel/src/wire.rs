//! Messages as ZeroMQ frames: identities, delimiter, signature, four pieces of JSON, buffers.
//!
//! The signature is checked before anything else is read, and a message that was seen before is refused.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, Mac as _};
use jupyter_protocol::Header;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use zeromq::ZmqMessage;

/// The version of the protocol that this kernel speaks.
pub const VERSION: &str = "5.5";
const DELIMITER: &[u8] = b"<IDS|MSG>";
/// So many signatures are remembered against replays.
const REMEMBERED: usize = 1 << 16;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Who sent it: where the reply goes.
    pub identities: Vec<Bytes>,
    /// Its header.
    pub header: Header,
    /// The same as it was sent, with fields that the type does not know: replies carry it back.
    pub parent: Value,
    /// Its metadata.
    pub metadata: Value,
    /// Its content; `null` if that is no JSON.
    pub content: Value,
    /// The header of what it answers.
    answers: Value,
}

impl Incoming {
    /// The header of the message that it belongs to; `null` for none.
    pub fn belongs_to(&self) -> &Value {
        &self.answers
    }

    /// The message that it answers, if it names one.
    pub fn answered(&self) -> Option<&str> {
        self.answers.get("msg_id")?.as_str()
    }

    /// The front end's identity of the cell that it is about.
    pub fn cell_id(&self) -> Option<String> {
        self.metadata.get("cellId")?.as_str().map(str::to_owned)
    }

    /// Tags of that cell: front ends send its metadata with it.
    pub fn tags(&self) -> Vec<String> {
        self.texts("tags")
    }

    /// Identities of the cells that the front end has deleted since it had an answer.
    pub fn deleted_cells(&self) -> Vec<String> {
        self.texts("deletedCells")
    }

    fn texts(&self, key: &str) -> Vec<String> {
        let all = self.metadata.get(key).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// The subshell that it is for (JEP 91).
    pub fn subshell(&self) -> Option<&str> {
        self.parent.get("subshell_id")?.as_str()
    }

    /// The content as a type of the protocol; fields that are left out have the type's defaults.
    ///
    /// # Errors
    /// When a field has another type.
    pub fn content<T: serde::de::DeserializeOwned>(&self, defaults: Value) -> Result<T, serde_json::Error> {
        let (mut all, given) = match (defaults, &self.content) {
            (Value::Object(all), Value::Object(given)) => (all, given.clone()),
            (_, content) => return serde_json::from_value(content.clone()),
        };
        all.extend(given);
        serde_json::from_value(Value::Object(all))
    }
}

/// Why a message is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// It has no `<IDS|MSG>`.
    #[error("no delimiter")]
    NoDelimiter,
    /// Fewer frames than a message has.
    #[error("truncated")]
    Truncated,
    /// The signature is not that of the key.
    #[error("wrong signature")]
    Signature,
    /// The same message was here before.
    #[error("replayed")]
    Replayed,
    /// The header is not JSON, or names no message.
    #[error("its header cannot be read")]
    Header,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its identity.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// The header of the request that it belongs to; an empty object for none.
    pub parent: Value,
    /// Its content.
    pub content: Value,
}

impl Draft {
    /// A message that belongs to a request.
    pub fn new(kind: impl Into<String>, parent: &Value, content: Value) -> Draft {
        Draft { id: uuid::Uuid::new_v4().to_string(), kind: kind.into(), parent: parent.clone(), content }
    }
}

/// Signs and reads messages.
pub struct Wire {
    key: Option<Hmac<Sha256>>,
    session: String,
    username: &'static str,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    set: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Wire {
    /// A kernel's wire with this key; without one, nothing is signed.
    pub fn new(key: &str) -> Wire {
        Wire::named(key, "kernel")
    }

    /// The wire of whoever has this name in message headers.
    pub fn named(key: &str, username: &'static str) -> Wire {
        // A key of any length will do for an HMAC.
        let key = if key.is_empty() { None } else { Hmac::new_from_slice(key.as_bytes()).ok() };
        Wire { key, session: uuid::Uuid::new_v4().to_string(), username, seen: Mutex::default() }
    }

    /// The identity of this run of a kernel or a client in message headers.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`Refused`]; nothing of such a message is to be acted on.
    pub fn read(&self, message: ZmqMessage) -> Result<Incoming, Refused> {
        let mut frames = message.into_vec();
        let delimiter = frames.iter().position(|frame| &frame[..] == DELIMITER).ok_or(Refused::NoDelimiter)?;
        let rest = frames.split_off(delimiter + 1);
        frames.pop();
        let [signature, header, parent, metadata, content, ..] = &rest[..] else { return Err(Refused::Truncated) };
        self.verify(signature, &[header, parent, metadata, content])?;
        let (header, answers, metadata, content) = (json(header), json(parent), json(metadata), json(content));
        let parent = header.filter(Value::is_object).ok_or(Refused::Header)?;
        let header = read_header(&parent).ok_or(Refused::Header)?;
        Ok(Incoming {
            identities: frames,
            header,
            parent,
            metadata: metadata.unwrap_or_default(),
            content: content.unwrap_or_default(),
            answers: answers.unwrap_or_default(),
        })
    }

    fn verify(&self, signature: &[u8], pieces: &[&Bytes]) -> Result<(), Refused> {
        let Some(mut mac) = self.key.clone() else { return Ok(()) };
        pieces.iter().for_each(|piece| mac.update(piece));
        let digest = unhex(signature).ok_or(Refused::Signature)?;
        mac.verify_slice(&digest).map_err(|_| Refused::Signature)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.set.insert(digest) {
            return Err(Refused::Replayed);
        }
        seen.order.push_back(digest);
        if seen.order.len() > REMEMBERED
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.set.remove(&oldest);
        }
        Ok(())
    }

    /// A signed message for these identities (on iopub: the topic).
    pub fn write(&self, identities: &[Bytes], draft: &Draft) -> ZmqMessage {
        let header = json!({
            "msg_id": draft.id,
            "session": self.session,
            "username": self.username,
            "date": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            "msg_type": draft.kind,
            "version": VERSION,
        });
        let bytes = |value: &Value| Bytes::from(value.to_string());
        let empty = Value::Object(Map::new());
        let pieces = [bytes(&header), bytes(&draft.parent), bytes(&empty), bytes(&draft.content)];
        let mut message = ZmqMessage::from(Bytes::from(self.sign(&pieces)));
        pieces.into_iter().for_each(|piece| message.push_back(piece));
        message.push_front(Bytes::from_static(DELIMITER));
        identities.iter().rev().for_each(|identity| message.push_front(identity.clone()));
        message
    }

    fn sign(&self, pieces: &[Bytes]) -> String {
        let Some(mut mac) = self.key.clone() else { return String::new() };
        pieces.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Headers as clients really send them: only what the message is has to be there.
fn read_header(value: &Value) -> Option<Header> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let date = text("date").and_then(|date| DateTime::parse_from_rfc3339(&date).ok());
    Some(Header {
        msg_id: text("msg_id")?,
        msg_type: text("msg_type")?,
        username: text("username").unwrap_or_default(),
        session: text("session").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        date: date.map_or(DateTime::UNIX_EPOCH, |date| date.to_utc()),
    })
}

/// JSON as clients really send it: browsers cut text between the halves of a character, and escape what is left.
fn json(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes).ok().or_else(|| serde_json::from_slice(&mended(bytes)).ok())
}

/// Escaped halves of characters become the replacement character.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let half = |at: usize, first: u8| {
        let text = bytes.get(at..at + 6)?;
        let hex = text.strip_prefix(b"\\u")?;
        let is_half = hex[0].eq_ignore_ascii_case(&b'd') && hex.iter().all(u8::is_ascii_hexdigit);
        let high = matches!(hex[1], b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
        (is_half && high == (first == 1)).then_some(())
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if half(at, 1).is_some() && half(at + 6, 2).is_some_and(|()| matches!(bytes[at + 9], b'c'..=b'f' | b'C'..=b'F'))
        {
            out.extend_from_slice(&bytes[at..at + 12]);
            at += 12;
        } else if half(at, 1).is_some()
            || half(at, 2).is_some_and(|()| matches!(bytes[at + 3], b'c'..=b'f' | b'C'..=b'F'))
        {
            out.extend_from_slice(b"\\ufffd");
            at += 6;
        } else {
            let step = if bytes[at] == b'\\' { 2 } else { 1 };
            out.extend_from_slice(&bytes[at..(at + step).min(bytes.len())]);
            at += step;
        }
    }
    out
}

fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = [0; 32];
    if text.len() != 2 * out.len() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(message: &ZmqMessage) -> Vec<Bytes> {
        message.clone().into_vec()
    }

    fn request() -> Draft {
        Draft::new("execute_request", &json!({}), json!({"code": "1"}))
    }

    fn read(wire: &Wire, frames: Vec<Bytes>) -> Result<Incoming, Refused> {
        wire.read(ZmqMessage::try_from(frames).unwrap())
    }

    /// The example of RFC 4231, section 4.3, in four pieces.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let pieces = ["what do ya want ", "for ", "nothing", "?"].map(Bytes::from);
        assert_eq!(Wire::new("Jefe").sign(&pieces), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(Wire::new("").sign(&pieces), "");
    }

    #[test]
    fn a_message_comes_back_once() {
        let wire = Wire::new("key");
        let sent = wire.write(&[Bytes::from("a"), Bytes::from("b")], &request());
        let got = wire.read(sent.clone()).unwrap();
        assert_eq!(got.identities, [Bytes::from("a"), Bytes::from("b")]);
        assert_eq!((got.header.msg_type.as_str(), &got.content), ("execute_request", &json!({"code": "1"})));
        assert_eq!(wire.read(sent.clone()).unwrap_err(), Refused::Replayed);
        assert!(Wire::new("").read(sent).is_ok());
    }

    #[test]
    fn metadata_tells_of_the_cell_and_its_page() {
        let wire = Wire::new("");
        let mut frames = frames(&wire.write(&[], &request()));
        let mut with = |metadata: Value| {
            frames[4] = Bytes::from(metadata.to_string());
            let header = json!({"msg_id": metadata.to_string(), "msg_type": "execute_request"});
            frames[2] = Bytes::from(header.to_string());
            read(&wire, frames.clone()).unwrap()
        };
        let told = with(json!({"cellId": "a", "tags": ["skip", 1], "deletedCells": ["b", "c"], "recordTiming": false}));
        assert_eq!((told.cell_id().as_deref(), told.tags()), (Some("a"), vec!["skip".to_owned()]));
        assert_eq!(told.deleted_cells(), ["b", "c"]);
        let told = with(json!({"tags": "skip", "deletedCells": {"b": 1}}));
        assert_eq!((told.cell_id(), told.tags(), told.deleted_cells()), (None, Vec::new(), Vec::new()));
    }

    #[test]
    fn nothing_is_read_of_what_is_not_signed() {
        let wire = Wire::new("key");
        let good = frames(&wire.write(&[], &request()));
        for at in 2..good.len() {
            let mut bad = good.clone();
            bad[at] = Bytes::from("{}x");
            assert_eq!(read(&wire, bad).unwrap_err(), Refused::Signature);
        }
        assert_eq!(read(&Wire::new("other"), good.clone()).unwrap_err(), Refused::Signature);
        for length in 1..good.len() {
            let short = good[..length].to_vec();
            assert!(matches!(read(&wire, short).unwrap_err(), Refused::Truncated | Refused::NoDelimiter));
        }
    }

    #[test]
    fn what_is_signed_and_no_message_is_refused() {
        let wire = Wire::new("");
        let mut frames = frames(&wire.write(&[], &request()));
        for text in ["", "[]", "{", "null", "\u{1}"] {
            let whole = std::mem::replace(&mut frames[2], Bytes::from(text));
            assert_eq!(read(&wire, frames.clone()).unwrap_err(), Refused::Header, "{text}");
            frames[2] = whole;
            let whole = std::mem::replace(&mut frames[5], Bytes::from(text));
            assert!(
                read(&wire, frames.clone()).unwrap().content::<jupyter_protocol::IsCompleteRequest>(json!({})).is_err()
            );
            frames[5] = whole;
        }
        frames[5] = Bytes::from(r#"{"code": "\ud83d \ud83e\udd80 \udd80x \\ud83d"}"#);
        assert_eq!(read(&wire, frames.clone()).unwrap().content["code"], "\u{fffd} 🦀 \u{fffd}x \\ud83d");
        frames[2] = Bytes::from(json!({"msg_id": "1", "msg_type": "x", "username": null, "version": 5}).to_string());
        assert_eq!(read(&wire, frames.clone()).unwrap().header.msg_type, "x");
        frames[2] = Bytes::from(json!({"msg_id": "1", "msg_type": "x", "date": 5}).to_string());
        assert_eq!(read(&wire, frames.clone()).unwrap().header.msg_type, "x");
        frames[2] = Bytes::from(json!({"msg_id": 1, "msg_type": "x"}).to_string());
        assert_eq!(read(&wire, frames).unwrap_err(), Refused::Header);
    }
}
