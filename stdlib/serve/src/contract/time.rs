//! Times as text: `2013-01-01T05:15:00.25`, a date alone, a time of day alone.

/// Seconds since 1970-01-01 00:00 by the clock that the text shows: a zone behind it is read and left, as a table's own
/// time zone is for models. `None` for what is no time.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some((date, rest)) = text.split_at_checked(10)
        && let Some(days) = days_of(date)
    {
        let clock = match rest.as_bytes().first() {
            None => return Some(days as f64 * 86_400.0),
            Some(b'T' | b't' | b' ') => &rest[1..],
            Some(_) => return None,
        };
        return clock_of(without_zone(clock)?).map(|seconds| days as f64 * 86_400.0 + seconds);
    }
    clock_of(text)
}

fn number(text: &str) -> Option<u32> {
    // `parse` alone would also take a sign.
    if text.is_empty() || text.len() > 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Days since 1970 of `YYYY-MM-DD`, if there is such a day.
fn days_of(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' || !text.is_ascii() {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    // Hinnant's algorithm.
    let (year, month) = (i64::from(year) - i64::from(month <= 2), i64::from(month));
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let days = year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    (1..=longest).contains(&day).then_some(days)
}

/// A time of day without `Z`, `+02`, `+0200` or `+02:00` behind it.
fn without_zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Some(rest);
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some(text) };
    let zone = &text[at + 1..];
    let digits: String = zone.chars().filter(|c| *c != ':').collect();
    (matches!(digits.len(), 2 | 4) && number(&digits).is_some() && zone.len() <= 5).then_some(&text[..at])
}

/// Seconds of `HH:MM`, `HH:MM:SS`, `HH:MM:SS.fraction`.
fn clock_of(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("00");
    if parts.next().is_some() || hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(whole)?);
    // Microseconds, as tables hold them.
    let micros = number(&format!("{:0<6}", fraction.get(..fraction.len().min(6))?))?;
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    let sound = digits && whole.len() == 2 && hour < 24 && minute < 60 && second < 60;
    sound.then(|| f64::from(hour * 3600 + minute * 60 + second) + f64::from(micros) / 1e6)
}

/// Year, month and day of a number of days since 1970.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-01", 0.0),
            ("2000-02-29", 951_782_400.0),
            ("1969-12-31 23:59:59", -1.0),
            ("2013-01-01T05:15:00", 1_357_017_300.0),
            ("2013-01-01T05:15:00.250Z", 1_357_017_300.25),
            ("2013-01-01T05:15:00.123456789+02:00", 1_357_017_300.123_456),
            ("2013-01-01 05:15:00-0500", 1_357_017_300.0),
            ("05:15", 18_900.0),
            ("05:15:30.5", 18_930.5),
            (" 2013-01-01 ", 1_356_998_400.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "x",
            "2013",
            "2013-13-01",
            "2013-02-29",
            "2013-01-01x",
            "2013-01-01T",
            "2013-01-01T25:00:00",
            "5:15",
            "05:15:00:00",
            "2013-01-01T05:15:00+2",
            "2013-01-01T05:15:00+02:0x",
            "ä013-01-01",
            "2013-01-0ä",
            "05:15:61",
            "2013-01-01T05:15:00.x",
            "+013-01-01",
            "2013-00-10",
            "2013-04-31",
            "2013-01-00",
            "éééééé",
            "05:15:00.é",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn days_go_there_and_back() {
        for days in [-719_468, -1, 0, 59, 60, 11_016, 19_000, 2_932_896] {
            let (year, month, day) = civil(days);
            if year >= 0 {
                assert_eq!(days_of(&format!("{year:04}-{month:02}-{day:02}")), Some(days));
            }
        }
    }
}
