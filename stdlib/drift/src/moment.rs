//! Moments as people write them: a date, a time, or how long ago.

use crate::error::DriftError;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// Units of "how long ago", with their seconds.
const UNITS: [(&str, i64); 5] = [("s", 1), ("min", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];

/// The moment that a text names: `2026-06-01`, `2026-06-01T12:00`, `2026-06-01 12:00:30`, `2026-06-01T12:00:00+02:00`, or
/// how long ago it was: `90s`, `15min`, `24h`, `7d`, `4w`. Where no zone is named, UTC is meant.
///
/// ```
/// let noon = ironbook_drift::moment("2026-06-01T12:00")?;
/// assert_eq!(noon.to_rfc3339(), "2026-06-01T12:00:00+00:00");
/// # Ok::<(), ironbook_drift::DriftError>(())
/// ```
///
/// # Errors
/// [`DriftError::Moment`].
pub fn moment(text: &str) -> Result<DateTime<Utc>, DriftError> {
    at(text.trim(), Utc::now()).ok_or_else(|| DriftError::Moment { text: text.to_owned() })
}

fn at(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    if let Some(time) = forms.into_iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()) {
        return Some(time.and_utc());
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
    let ago = TimeDelta::try_seconds(number.parse::<i64>().ok()?.checked_mul(seconds)?)?;
    now.checked_sub_signed(ago)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_how_long_ago() {
        let now = DateTime::parse_from_rfc3339("2026-06-02T00:00:00Z").unwrap().to_utc();
        let shown = |text: &str| at(text, now).map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string());
        for (text, expected) in [
            ("2026-06-01", "2026-06-01 00:00:00"),
            ("2026-06-01T12:00:00+02:00", "2026-06-01 10:00:00"),
            ("2026-06-01T12:00", "2026-06-01 12:00:00"),
            ("2026-06-01 12:00:30", "2026-06-01 12:00:30"),
            ("90s", "2026-06-01 23:58:30"),
            ("15min", "2026-06-01 23:45:00"),
            ("24h", "2026-06-01 00:00:00"),
            ("1 w", "2026-05-26 00:00:00"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "h", "yesterday", "24", "24x", "-1h", "2026-13-01", "99999999999999999999h", "9223372036854775807w"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
