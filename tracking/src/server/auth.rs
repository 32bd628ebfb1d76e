//! Who calls: tokens and passwords, compared in a time that does not depend on them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A secret, kept as a digest, perhaps with a salt.
#[derive(Clone)]
struct Secret {
    salt: String,
    digest: [u8; 32],
}

impl Secret {
    fn plain(secret: &str) -> Secret {
        Secret { salt: String::new(), digest: digest("", secret) }
    }

    fn is(&self, given: &str) -> bool {
        let other = digest(&self.salt, given);
        // All bytes are looked at, also after the first that differs.
        self.digest.iter().zip(other).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

fn digest(salt: &str, secret: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update(secret.as_bytes());
    hasher.finalize().into()
}

/// Who may call.
#[derive(Clone, Default)]
pub struct Credentials {
    tokens: Vec<Secret>,
    users: HashMap<String, Secret>,
}

/// Why a file of users cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line} of the file of users is not understood, or names a user once more\nwrite `NAME:PASSWORD` or `NAME:sha256:SALT:HEX`, where HEX is the SHA-256 of SALT and password, one after the other"
)]
pub struct BadLine {
    /// Its number.
    pub line: usize,
}

impl Credentials {
    /// The same, and whoever knows this token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Credentials {
        self.tokens.push(Secret::plain(token));
        self
    }

    /// The same, and the users of a file: a name and a password, or the password's salted digest, in each line.
    ///
    /// # Errors
    /// `BadLine`.
    pub fn users(mut self, file: &str) -> Result<Credentials, BadLine> {
        // Some editors put a mark before the first name.
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        for (i, line) in file.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = || BadLine { line: i + 1 };
            let (name, secret) =
                line.split_once(':').filter(|(name, secret)| !name.is_empty() && !secret.is_empty()).ok_or_else(bad)?;
            let secret = match secret.strip_prefix("sha256:") {
                None => Secret::plain(secret),
                Some(hashed) => {
                    let (salt, hex) = hashed.split_once(':').ok_or_else(bad)?;
                    Secret { salt: salt.to_owned(), digest: unhex(hex).ok_or_else(bad)? }
                }
            };
            // Of two passwords nobody could say which one counts.
            if self.users.insert(name.to_owned(), secret).is_some() {
                return Err(bad());
            }
        }
        Ok(self)
    }

    /// Whether anybody is asked at all.
    pub fn ask(&self) -> bool {
        !self.tokens.is_empty() || !self.users.is_empty()
    }

    /// Whether the header `Authorization` is that of somebody who may call. A token may also be given as a password,
    /// because browsers ask for no tokens.
    pub fn accept(&self, header: Option<&str>) -> bool {
        let Some((scheme, rest)) = header.and_then(|text| text.split_once(' ')) else { return false };
        let rest = rest.trim();
        let known = |token: &str| self.tokens.iter().fold(false, |found, secret| found | secret.is(token));
        if scheme.eq_ignore_ascii_case("bearer") {
            return known(rest);
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return false;
        }
        let decoded = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((name, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else { return false };
        // An unknown name takes as long as a known one.
        let nobody = Secret { salt: String::new(), digest: [0; 32] };
        self.users.get(name).unwrap_or(&nobody).is(password) | known(password)
    }
}

fn unhex(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn tokens_and_users() {
        // sha256("salt" + "secret")
        let hashed: String = digest("salt", "secret").iter().map(|b| format!("{b:02x}")).collect();
        let who = Credentials::default()
            .token("t-1")
            .users(&format!("# users\nann:pass:word\nbob:sha256:salt:{hashed}\n"))
            .unwrap();
        assert!(who.ask());
        assert!(who.accept(Some("Bearer t-1")));
        assert!(who.accept(Some("bearer t-1")));
        assert!(who.accept(Some(&basic("ann:pass:word"))));
        assert!(who.accept(Some(&basic("bob:secret"))));
        assert!(who.accept(Some(&basic("anybody:t-1"))));
        for wrong in [
            "Bearer t-2",
            "Bearer ",
            "t-1",
            "Basic !!",
            &basic("ann:pass"),
            &basic("eve:pass:word"),
            &basic("bob:"),
            &basic("bob"),
        ] {
            assert!(!who.accept(Some(wrong)), "{wrong}");
        }
        assert!(!who.accept(None));
    }

    #[test]
    fn a_bad_line_is_named() {
        assert!(Credentials::default().users("\u{feff}ann:x").unwrap().accept(Some(&basic("ann:x"))));
        for bad in ["a:c", "x", "x:", ":y", "x:sha256:salt:zz"] {
            assert_eq!(Credentials::default().users(&format!("a:b\n{bad}")).err().unwrap().line, 2, "{bad}");
        }
    }
}
