//! Names close to a mistyped one, for error messages.

/// Suggestions given at most.
const MOST: usize = 3;

/// The candidates nearest to `name`, nearest first: equal but for case, or at most a third of its letters away.
pub(crate) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let contained = wanted.len() >= 3 && lower.contains(&wanted);
            let distance = distance(&wanted, &lower);
            (distance <= limit || contained).then_some((distance, candidate))
        })
        .collect();
    found.sort();
    found.into_iter().take(MOST).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Edits (insert, delete, replace, swap of neighbours) between two words: optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// `did you mean "a" or "b"?`, or nothing.
pub(crate) fn did_you_mean(names: &[String]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    let (last, rest) = quoted.split_last()?;
    Some(if rest.is_empty() {
        format!("did you mean {last}?")
    } else {
        format!("did you mean {} or {last}?", rest.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_finds_typos_swaps_and_case() {
        let columns = ["dep_delay", "arr_delay", "Distance", "carrier"];
        assert_eq!(near("dep_dleay", columns), ["dep_delay"]);
        assert_eq!(near("distance", columns), ["Distance"]);
        assert_eq!(near("delay", columns), ["arr_delay", "dep_delay"]);
        assert!(near("weather", columns).is_empty());
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
