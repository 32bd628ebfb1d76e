//! Numbers and names in few characters.

use crate::stats::Outcome;

/// `336,776`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A share in percent, with two decimals below 1%; `<0.01%` and `>99.9%` where rounding would say none or all.
pub(crate) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match () {
        () if percent > 0.0 && percent < 0.005 => "<0.01%".to_owned(),
        () if percent > 0.0 && percent < 0.995 => format!("{percent:.2}%"),
        () if (99.95..100.0).contains(&percent) => ">99.9%".to_owned(),
        () => format!("{percent:.1}%"),
    }
}

/// A part of a whole in percent.
pub(crate) fn share(part: u64, of: u64) -> String {
    percent(part as f64 / of.max(1) as f64)
}

/// A score: p-values with their size where they are small, distances with three decimals.
pub(crate) fn score(score: f64, outcome: Outcome) -> String {
    match outcome {
        Outcome::PValue if score == 0.0 => "0".to_owned(),
        Outcome::PValue if score < 1e-300 => "< 1e-300".to_owned(),
        Outcome::PValue if score < 0.0005 => format!("{score:.0e}"),
        _ if score >= 1000.0 => brief(score),
        _ => format!("{score:.3}"),
    }
}

/// A threshold, without needless zeros.
pub(crate) fn plain(value: f64) -> String {
    value.to_string()
}

/// A number with all its digits.
pub(crate) fn digits(value: f64) -> String {
    // Floats are written with as few digits as tell them apart, and zeros for the rest.
    if value.fract() == 0.0 && value.abs() < 2e19 { (value as i128).to_string() } else { value.to_string() }
}

/// A number in at most about five digits.
pub(crate) fn brief(value: f64) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    match () {
        () if value == 0.0 => "0".to_owned(),
        () if !value.is_finite() => value.to_string(),
        () if !(1e-3..1e7).contains(&size) => format!("{value:.2e}"),
        () if value.fract() == 0.0 => format!("{sign}{}", grouped(size as u64)),
        () if size >= 1e4 => brief(value.round()),
        () if size >= 1e3 => {
            let tenths = (size * 10.0).round() as u64;
            let part = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
            format!("{sign}{}{part}", grouped(tenths / 10))
        }
        () => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// Most letters of a name that are shown.
const LETTERS: usize = 40;

/// A name, shortened where it is long; line breaks and the like made visible, nothing in quotes.
pub(crate) fn name(text: &str) -> String {
    let mut out: String = text.chars().take(LETTERS).map(|c| if c.is_control() { '␣' } else { c }).collect();
    if text.chars().nth(LETTERS).is_some() {
        out.push('…');
    }
    if out.trim().len() < out.len() || out.is_empty() { format!("\"{out}\"") } else { out }
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_keep_what_matters() {
        let p = |value| score(value, Outcome::PValue);
        assert_eq!([p(0.0), p(3e-310), p(1.4e-12), p(0.0312)], ["0", "< 1e-300", "1e-12", "0.031"]);
        assert_eq!(score(0.1234, Outcome::Distance), "0.123");
        assert_eq!(score(12345.6, Outcome::Distance), "12,346");
    }

    #[test]
    fn numbers_and_names() {
        assert_eq!(
            [brief(1040.3), brief(-0.02512), brief(12.639), brief(1e9)],
            ["1,040.3", "-0.02512", "12.64", "1.00e9"]
        );
        assert_eq!(
            [percent(0.0), percent(1e-5), percent(0.0042), percent(0.99999)],
            ["0.0%", "<0.01%", "0.42%", ">99.9%"]
        );
        assert_eq!([name("a\nb"), name(""), name(" x")], ["a␣b", "\"\"", "\" x\""]);
    }
}
