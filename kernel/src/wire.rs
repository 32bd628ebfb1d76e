//! Messages as ZeroMQ frames: identities, delimiter, signature, four pieces of JSON, buffers.
//!
//! The signature is checked before anything else is read, and a message that was seen before is refused.

use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
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
    /// Its content.
    pub content: Value,
}

impl Incoming {
    /// The front end's identity of the cell that it is about.
    pub fn cell_id(&self) -> Option<String> {
        self.metadata.get("cellId")?.as_str().map(str::to_owned)
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
    /// A piece is not JSON, or not of a message's shape.
    #[error("its {0} cannot be read")]
    Malformed(&'static str),
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
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
        Draft { kind: kind.into(), parent: parent.clone(), content }
    }
}

/// Signs and reads messages.
pub struct Wire {
    key: Option<Hmac<Sha256>>,
    session: String,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    set: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Wire {
    /// A wire with this key; without one, nothing is signed.
    pub fn new(key: &str) -> Wire {
        // A key of any length will do for an HMAC.
        let key = if key.is_empty() { None } else { Hmac::new_from_slice(key.as_bytes()).ok() };
        Wire { key, session: uuid::Uuid::new_v4().to_string(), seen: Mutex::default() }
    }

    /// The identity of this kernel's run in message headers.
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
        let object = |bytes: &Bytes, what| match serde_json::from_slice(bytes) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(Refused::Malformed(what)),
        };
        let parent = object(header, "header")?;
        let header = Header::deserialize_lenient(&parent).ok_or(Refused::Malformed("header"))?;
        let metadata = object(metadata, "metadata")?;
        let content = object(content, "content")?;
        Ok(Incoming { identities: frames, header, parent, metadata, content })
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
            "msg_id": uuid::Uuid::new_v4().to_string(),
            "session": self.session,
            "username": "kernel",
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

/// Headers as clients really send them.
trait Lenient: Sized {
    /// Reads a header; whoever leaves out user, session or version may.
    fn deserialize_lenient(value: &Value) -> Option<Self>;
}

impl Lenient for Header {
    fn deserialize_lenient(value: &Value) -> Option<Header> {
        let mut fields = json!({"username": "", "session": "", "version": ""});
        let all = fields.as_object_mut()?;
        all.extend(value.as_object()?.clone());
        serde_json::from_value(fields).ok()
    }
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
        for (at, words) in [(2, "header"), (4, "metadata"), (5, "content")] {
            for text in ["", "[]", "{", "null", "\u{1}"] {
                let whole = std::mem::replace(&mut frames[at], Bytes::from(text));
                assert_eq!(read(&wire, frames.clone()).unwrap_err(), Refused::Malformed(words), "{text}");
                frames[at] = whole;
            }
        }
        frames[2] = Bytes::from(json!({"msg_id": "1", "msg_type": "x", "date": 5}).to_string());
        assert_eq!(read(&wire, frames.clone()).unwrap().header.msg_type, "x");
        frames[2] = Bytes::from(json!({"msg_id": 1, "msg_type": "x"}).to_string());
        assert_eq!(read(&wire, frames).unwrap_err(), Refused::Malformed("header"));
    }
}
