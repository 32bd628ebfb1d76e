//! Times and durations as protobuf's JSON writes them: `2026-03-01T12:00:00.250Z`, `1.500s`.

use std::ops::RangeInclusive;

const DAY: i64 = 86_400;
/// The milliseconds of the years 1 to 9999, which are all that protobuf's JSON can write.
const TIMES: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;
/// Longest duration of protobuf, in milliseconds: some 10 000 years.
const LONGEST: i64 = 315_576_000_000_000;

/// Whether milliseconds since 1970 lie in the years 1 to 9999.
pub(super) fn is_time(ms: i64) -> bool {
    TIMES.contains(&ms)
}

/// Milliseconds since 1970 as text.
pub(crate) fn timestamp(ms: i64) -> String {
    let (seconds, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{fraction}Z")
}

/// Milliseconds since 1970 of a text such as `2026-03-01T12:00:00.25+01:00`.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    // `parse` alone would also take a sign.
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = |from: usize, to: usize| text.get(from..to).filter(|t| digits(t))?.parse::<i64>().ok();
    let bytes = text.as_bytes();
    if !text.is_ascii()
        || text.len() < 20
        || [bytes[4], bytes[7], bytes[13], bytes[16]] != *b"--::"
        || bytes[10] != b'T'
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (h, m, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // A date that there is not becomes another one on its way back.
    if !(1..=12).contains(&month) || civil(days(year, month, day)) != (year, month, day) || h > 23 || m > 59 || s > 60 {
        return None;
    }
    let rest = &text[19..];
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("", rest),
    };
    let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ if zone.len() == 6 => {
            let (hours, minutes) = (&zone[1..3], &zone[4..6]);
            if !digits(hours) || !digits(minutes) || zone.as_bytes()[3] != b':' {
                return None;
            }
            let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            match zone.as_bytes()[0] {
                b'+' => minutes * 60,
                b'-' => -minutes * 60,
                _ => return None,
            }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * DAY + h * 3600 + m * 60 + s - offset;
    Some(seconds * 1000 + ms).filter(|ms| is_time(*ms))
}

/// Milliseconds as text.
pub(crate) fn duration(ms: i64) -> String {
    let (sign, ms) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
    match ms % 1000 {
        0 => format!("{sign}{}s", ms / 1000),
        rest => format!("{sign}{}.{rest:03}s", ms / 1000),
    }
}

/// Milliseconds of a text such as `1.5s`.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |n| (-1, n));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !(fraction.is_empty() || digits(fraction)) {
        return None;
    }
    let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let ms = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(ms)?;
    (ms <= LONGEST).then_some(sign * ms)
}

/// Year, month and day of a number of days since 1970 (Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// Days since 1970 of a date: the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_744_706_938_699, "2025-04-15T08:48:58.699Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(timestamp(ms), text);
            assert_eq!(parse_timestamp(text), Some(ms));
        }
        assert_eq!(parse_timestamp("2000-02-29T01:00:00.5+01:00"), Some(951_782_400_500));
        assert_eq!(parse_timestamp("2000-02-29T01:00:00.123456789Z"), Some(951_786_000_123));
        for wrong in [
            "",
            "2000-02-29",
            "2000-13-01T00:00:00Z",
            "2000-02-29T01:00:00",
            "ä000-02-29T01:00:00Z",
            "2001-02-29T00:00:00Z",
            "2000-04-31T00:00:00Z",
            "0000-12-31T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "+200-02-29T01:00:00Z",
            "2000-02-29T01:00:00+99:99",
            "2000-02-29T01:00:00++1:00",
        ] {
            assert_eq!(parse_timestamp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_go_there_and_back() {
        for (ms, text) in [(0, "0s"), (1500, "1.500s"), (2000, "2s"), (-1, "-0.001s")] {
            assert_eq!(duration(ms), text);
            assert_eq!(parse_duration(text), Some(ms));
        }
        assert_eq!(parse_duration("1.5s"), Some(1500));
        assert_eq!(parse_duration("-1.5s"), Some(-1500));
        for wrong in ["x", "s", "1", "9223372036854775s", "315576000001s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
