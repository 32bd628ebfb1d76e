//! How well a name fits what was typed, and the order of candidates.

/// Most candidates that are given.
const MOST: usize = 400;

/// How well `name` fits `typed`: lower is better; `None` if it does not.
pub fn quality(typed: &str, name: &str) -> Option<u8> {
    if name.starts_with(typed) {
        return Some(0);
    }
    let starts = |name: &str| {
        let mut letters = name.chars().flat_map(char::to_lowercase);
        typed.chars().flat_map(char::to_lowercase).all(|c| letters.next() == Some(c))
    };
    if starts(name) {
        return Some(1);
    }
    // A single letter is in nearly every name.
    typed.chars().nth(1)?;
    if name.match_indices('_').any(|(at, _)| starts(&name[at + 1..])) {
        return Some(2);
    }
    is_subsequence(typed, name).then_some(3)
}

fn is_subsequence(typed: &str, name: &str) -> bool {
    // The first letters must agree, else too much fits.
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (typed, name) = (lower(typed), lower(name));
    if typed.first() != name.first() {
        return false;
    }
    let mut letters = name.iter();
    typed.iter().all(|c| letters.any(|other| other == c))
}

/// Candidates with their order: the best class and quality first, private names last.
pub struct Ranked<T> {
    typed: String,
    all: Vec<Entry<T>>,
}

struct Entry<T> {
    /// Quality, whether it is private, class, and the place that was asked for.
    order: (u8, bool, u8, usize),
    name: String,
    candidate: T,
}

impl<T> Ranked<T> {
    /// For what was typed.
    pub fn new(typed: &str) -> Ranked<T> {
        Ranked { typed: typed.to_owned(), all: Vec::new() }
    }

    /// What was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Adds a candidate, if its name fits. Classes from 0 order those that fit equally well.
    pub fn add(&mut self, name: &str, class: u8, candidate: impl FnOnce() -> T) {
        self.add_at(name, class, 0, candidate);
    }

    /// As [`Ranked::add`], in the order of places, not of names.
    pub fn add_at(&mut self, name: &str, class: u8, place: usize, candidate: impl FnOnce() -> T) {
        if let Some(quality) = quality(&self.typed, name) {
            // What only resembles does not come before what begins so.
            let private = name.starts_with('_') && !self.typed.starts_with('_');
            let order = (quality, private, class, place);
            self.all.push(Entry { order, name: name.to_owned(), candidate: candidate() });
        }
    }

    /// The best, in order; of several of a name the first.
    pub fn finish(mut self) -> Vec<T> {
        self.all.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        let mut seen = std::collections::BTreeSet::new();
        let distinct = self.all.into_iter().filter(|entry| seen.insert(entry.name.clone()));
        distinct.take(MOST).map(|entry| entry.candidate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first() {
        let mut ranked = Ranked::new("gro");
        for (name, class) in
            [("_group", 0), ("GroupBy", 1), ("to_group", 0), ("group_by", 1), ("growth", 0), ("g_r_o", 0), ("ogre", 0)]
        {
            ranked.add(name, class, || name);
        }
        assert_eq!(ranked.finish(), ["growth", "group_by", "GroupBy", "to_group", "_group", "g_r_o"]);
    }

    #[test]
    fn letters_of_all_scripts_count() {
        assert_eq!(quality("Ä", "äpfel"), Some(1));
        assert_eq!(quality("x", "axis"), None);
        assert_eq!(quality("", "axis"), Some(0));
    }
}
