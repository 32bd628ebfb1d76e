//! Statistics of texts, from their distinct values and counts.

use serde::{Deserialize, Serialize};

/// What is known of a column of text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Texts {
    /// Characters of the shortest.
    pub shortest: usize,
    /// Characters of the longest.
    pub longest: usize,
    /// Characters on average.
    pub mean_length: f64,
    /// How many are empty.
    pub empty: usize,
    /// How many begin or end with white space.
    pub padded: usize,
    /// How many distinct values differ from another in case or surrounding white space only.
    pub variants: usize,
    /// Whether all read as numbers, but for [`Texts::odd`].
    pub numeric: bool,
    /// The text that keeps the others from being numbers, if it is only one, for instance `NA`.
    pub odd: Option<String>,
    /// Whether all read as dates like `2013-01-31`.
    pub dates: bool,
}

/// Statistics from distinct texts and their counts.
pub(crate) fn texts(values: &[&str], counts: &[usize]) -> Texts {
    let n: usize = counts.iter().sum();
    if n == 0 {
        return Texts::default();
    }
    let total = |test: &dyn Fn(&str) -> bool| {
        values.iter().zip(counts).filter(|(v, _)| test(v)).map(|(_, count)| count).sum::<usize>()
    };
    let lengths: Vec<usize> = values.iter().map(|v| v.chars().count()).collect();
    let characters: f64 = lengths.iter().zip(counts).map(|(&l, &c)| l as f64 * c as f64).sum();
    let mut folded: Vec<String> = values.iter().map(|v| v.trim().to_lowercase()).collect();
    folded.sort_unstable();
    folded.dedup();
    let mut words = values.iter().filter(|v| !is_number(v));
    let (odd, more) = (words.next(), words.next());
    Texts {
        shortest: lengths.iter().copied().min().unwrap_or_default(),
        longest: lengths.iter().copied().max().unwrap_or_default(),
        mean_length: characters / n as f64,
        empty: total(&str::is_empty),
        padded: total(&|v| v.trim().len() < v.len()),
        variants: values.len() - folded.len(),
        numeric: more.is_none() && values.len() > usize::from(odd.is_some()),
        odd: odd.filter(|_| more.is_none() && values.len() > 2).map(|v| (*v).to_owned()),
        dates: values.iter().all(|v| is_date(v)),
    }
}

fn is_number(text: &str) -> bool {
    // Words that f64 reads, and codes like 007, are no numbers here.
    let digits = text.trim().trim_start_matches(['-', '+']);
    let led = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !led && text.trim().parse::<f64>().is_ok()
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
        && matches!(bytes.get(10), None | Some(b' ' | b'T'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_odd_texts() {
        let found = texts(&["a", " A", "", "ünder"], &[2, 1, 1, 1]);
        assert_eq!((found.shortest, found.longest, found.empty, found.padded, found.variants), (0, 5, 1, 1, 1));
        assert!((found.mean_length - 9.0 / 5.0).abs() < 1e-12);
        assert_eq!(texts(&[], &[]), Texts::default());
    }

    #[test]
    fn numbers_and_dates_that_are_kept_as_text() {
        assert!(texts(&["1", "-2.5", "1e3"], &[1; 3]).numeric);
        let found = texts(&["1", "NA", "2"], &[1; 3]);
        assert!(found.numeric && found.odd.as_deref() == Some("NA"));
        assert!(!texts(&["1", "NA", "-"], &[1; 3]).numeric);
        assert!(!texts(&["007", "1"], &[1; 2]).numeric || texts(&["007", "1"], &[1; 2]).odd.is_none());
        assert!(!texts(&["inf", "nan"], &[1; 2]).numeric);
        assert!(texts(&["2013-01-31", "2013-02-01T10:00"], &[1; 2]).dates);
        assert!(!texts(&["2013-01-31", "soon"], &[1; 2]).dates);
    }
}
