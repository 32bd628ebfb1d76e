//! How usual names are in Rust code, by the examples in documentation; `bench/language/usual.py` counts them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The highest level.
pub const MOST: u8 = 7;
/// A level and its names on each line.
const TEXT: &str = include_str!("usual.txt");

static LEVELS: LazyLock<HashMap<&str, u8>> = LazyLock::new(|| {
    let lines = TEXT.lines().filter_map(|line| line.split_once(' '));
    let lines = lines.filter_map(|(level, names)| Some((level.parse().ok()?, names)));
    lines.flat_map(|(level, names)| names.split(' ').map(move |name| (name, level))).collect()
});

/// From 0 to [`MOST`]; each level is twice as usual as the one below.
pub fn level(name: &str) -> u8 {
    let last = name.rsplit("::").next().unwrap_or(name);
    LEVELS.get(last.trim_end_matches('!')).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_list() {
        assert_eq!(level("map"), MOST);
        assert_eq!(level("std::collections::HashMap"), level("HashMap"));
        assert!(level("vec!") > level("advance_by"));
        assert_eq!(level("no_such_name"), 0);
        assert!(LEVELS.len() > 1000 && LEVELS.values().all(|level| (1..=MOST).contains(level)));
    }
}
