//! Which failures are worth another attempt, and when.

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(120);

/// Whether a call may be carried out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is doing it once.
    Safe,
    /// Doing it twice creates two things: it is repeated only where the server has surely not done it.
    Once,
}

impl Repeat {
    /// Whether to try again after a failure with this status (`None`: the connection broke).
    pub(crate) fn allows(self, status: Option<u16>, unsent: bool) -> bool {
        match (self, status) {
            (Repeat::Safe, None) => true,
            (Repeat::Safe, Some(status)) => is_passing(status),
            (Repeat::Once, None) => unsent,
            // Refused before anything was done. 500, 502 and 504 may come after it was done.
            (Repeat::Once, Some(status)) => matches!(status, 425 | 429 | 503),
        }
    }
}

/// Whether a status may pass by itself.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The wait before attempt `attempt + 1`: nothing, `2 factor`, `4 factor`, ..., each with some jitter, as MLflow's.
pub(crate) fn delay(attempt: u32, factor: f64, jitter: f64, random: f64) -> Duration {
    let regular = if attempt == 0 { 0.0 } else { factor * f64::from(1_u32 << attempt.min(20)) };
    let seconds = (regular + jitter * random).clamp(0.0, LONGEST.as_secs_f64());
    Duration::from_secs_f64(seconds)
}

/// How long the server wants us to wait: seconds, or a date; at most two minutes.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, Utc::now())
}

fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now).to_std().ok()?,
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (0..8).map(|attempt| delay(attempt, 2.0, 1.0, 0.5).as_secs_f64()).collect();
        assert_eq!(waits, [0.5, 4.5, 8.5, 16.5, 32.5, 64.5, 120.0, 120.0]);
        assert_eq!(delay(200, f64::MAX, f64::MAX, 1.0), LONGEST);
    }

    #[test]
    fn creations_are_repeated_only_when_they_cannot_have_happened() {
        assert!(Repeat::Once.allows(None, true));
        assert!(!Repeat::Once.allows(None, false));
        for (status, safe, once) in [
            (400, false, false),
            (404, false, false),
            (408, true, false),
            (425, true, true),
            (429, true, true),
            (500, true, false),
            (501, false, false),
            (502, true, false),
            (503, true, true),
            (504, true, false),
        ] {
            assert_eq!(Repeat::Safe.allows(Some(status), false), safe, "{status}");
            assert_eq!(Repeat::Once.allows(Some(status), false), once, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc2822("Wed, 21 Oct 2015 07:28:00 GMT").unwrap().to_utc();
        assert_eq!(parse_retry_after("3", now), Some(Duration::from_secs(3)));
        assert_eq!(parse_retry_after("99999999", now), Some(LONGEST));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:27:30 GMT", now), None);
        assert_eq!(parse_retry_after("soon", now), None);
    }
}
