//! Numbers, times and names as people read them.

use chrono::{Local, TimeZone};

/// A number with 4 significant digits; whole numbers up to ten million in full, the very large and small with an exponent.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    if value == value.trunc() && value.abs() < 1e7 {
        // Adding zero turns -0 into 0.
        return format!("{:.0}", value + 0.0);
    }
    let scientific = format!("{value:.3e}");
    // The exponent after rounding: 9.9996 has become 1.000e1.
    let exponent = scientific.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or(0);
    match exponent {
        -4..7 => format!("{value:.*}", usize::try_from(3 - exponent).unwrap_or(0)),
        _ => scientific,
    }
}

/// A duration in its two largest units.
pub(crate) fn duration(ms: i64) -> String {
    let seconds = ms / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match ms {
        ..0 => "–".to_owned(),
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60_000..3_600_000 => format!("{minutes} min {} s", seconds % 60),
        3_600_000..86_400_000 => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A moment in local time, to the minute.
pub(crate) fn moment(ms: i64) -> String {
    let local = Local.timestamp_millis_opt(ms).single();
    local.map_or_else(|| "–".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// A size in bytes.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (size as f64, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && value < 99.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// A text cut to `limit` characters, with an ellipsis.
pub(crate) fn short(text: &str, limit: usize) -> String {
    // Line breaks and tabs would tear a table apart.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(limit) {
        None => line,
        Some(_) => line.chars().take(limit - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let expected = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (336_776.0, "336776"),
            (0.812_345, "0.8123"),
            (0.5, "0.5000"),
            (9.999_6, "10.00"),
            (12.345, "12.35"),
            (1234.5, "1234"),
            (123_456.7, "123457"),
            (0.000_123_456, "0.0001235"),
            (0.000_012_345, "1.234e-5"),
            (1.234_56e10, "1.235e10"),
            (-0.25, "-0.2500"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "-∞"),
        ];
        for (value, text) in expected {
            assert_eq!(number(value), text, "{value:e}");
        }
    }

    #[test]
    fn durations_have_two_units() {
        let expected = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1.0 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (3_725_000, "1 h 2 min"),
            (90_000_000, "1 d 1 h"),
            (-5, "–"),
        ];
        for (ms, text) in expected {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn sizes_and_texts_are_short() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1500), "1.5 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(short("a\nb", 5), "a b");
        assert_eq!(short("abcdef", 4), "abc…");
    }
}
