//! The language service's answers and the session's own as one: one ranking, no name twice.

use crate::complete::{COMMON, Candidate, Completions};
use crate::rank::quality;
use crate::situation::{self, Situation};
use crate::usual;
use crate::view::View;
use ironbook_session::language;
use std::collections::{BTreeMap, BTreeSet};

/// Most candidates that are given.
const MOST: usize = 400;
/// What a level of [`usual`] is worth: less than a type that fits, more than what the service tells apart otherwise.
const LEVEL: u32 = 4;
/// What a type that fits is worth at the least; what a method returns and whether it is of a trait is worth less.
const FITS: u32 = 30;

/// Methods that every value has, and that are therefore usual without saying anything about this one.
const EVERYWHERE: &[&str] =
    &["borrow", "borrow_mut", "clone_from", "clone_into", "into", "to_owned", "try_into", "type_id"];

/// Whether a language service can say more about the place: it is Rust, and no magic's words.
pub fn is_rust(view: &View, text: &str, cursor: usize) -> bool {
    let cursor = crate::complete::boundary(text, cursor);
    matches!(situation::at(view, &text[..cursor]), Situation::Rust { .. })
}

/// Joins the session's candidates with those of the language service.
///
/// `typed` is what stands between the beginning of the replaced word and the cursor. Names that fit what was typed better
/// come first; of those that fit equally, those that the service gives a better score, to which it adds how usual a name is
/// (most of all what the session knows to be called most of such a value),
/// then those that it tells first, and then those that only the session knows. Of a name that both have, the service's signature is taken, and the session's line about it.
pub fn merged(instant: Completions, deep: &[language::Candidate], typed: &str) -> Completions {
    let mut all: BTreeMap<String, Entry> = BTreeMap::new();
    for (place, candidate) in instant.candidates.into_iter().enumerate() {
        let entry = Entry { candidate, score: None, place };
        all.entry(entry.candidate.text.clone()).or_insert(entry);
    }
    // A snippet is written over more than the word.
    let names = deep.iter().filter(|found| found.kind != "snippet");
    for (place, found) in names.enumerate() {
        let known = all.get(&found.name).map(|known| &known.candidate);
        if known.is_some() && found.import.is_some() {
            // What the session has needs no `use`.
            continue;
        }
        if all.get(&found.name).is_some_and(|known| known.score >= Some(found.score)) {
            continue;
        }
        // Of variables only the session knows which are new.
        let place = all.get(&found.name).filter(|_| found.kind == "instance").map_or(place, |known| known.place);
        let candidate = joined(found, known);
        all.insert(found.name.clone(), Entry { candidate, score: Some(found.score), place });
    }
    even_out(&mut all);
    let mut ranked: Vec<(Order, Candidate)> = all
        .into_values()
        .filter_map(|entry| {
            let order = entry.order(quality(typed, &entry.candidate.text)?, typed);
            Some((order, entry.candidate))
        })
        .collect();
    ranked.sort_by(|a, b| (a.0, &a.1.text).cmp(&(b.0, &b.1.text)));
    ranked.truncate(MOST);
    Completions { range: instant.range, candidates: ranked.into_iter().map(|(_, candidate)| candidate).collect() }
}

/// What is usual for a value has an order of its own, before which only a type that fits comes.
fn even_out(all: &mut BTreeMap<String, Entry>) {
    let mut usual: Vec<&mut u32> = all
        .values_mut()
        .filter(|entry| entry.candidate.usual.is_some())
        .filter_map(|entry| entry.score.as_mut())
        .collect();
    let least = usual.iter().map(|score| **score).min().unwrap_or(0);
    usual.retain(|score| **score < least.saturating_add(FITS));
    let most = usual.iter().map(|score| **score).max().unwrap_or(0);
    usual.into_iter().for_each(|score| *score = most);
}

/// Joins the candidates of a running session with those that a page's text gives, after the text `before` the cursor.
///
/// Names that fit what was typed better come first; of those that fit equally, the first of either, the second of either and so
/// on, the session's before the page's, since they are alive.
pub fn beside(alive: Completions, told: Completions, before: &str) -> Completions {
    if alive.candidates.is_empty() || !told.candidates.is_empty() && told.range.start != alive.range.start {
        return if alive.candidates.is_empty() { told } else { alive };
    }
    let typed = before.get(alive.range.start..).unwrap_or_default().to_owned();
    let mut seen = BTreeSet::new();
    let range = alive.range;
    let all = alive.candidates.into_iter().enumerate().chain(told.candidates.into_iter().enumerate());
    let mut all: Vec<(usize, Candidate)> = all.filter(|(_, candidate)| seen.insert(candidate.text.clone())).collect();
    all.sort_by_key(|(place, candidate)| (quality(&typed, &candidate.text).unwrap_or(u8::MAX), *place));
    all.truncate(MOST);
    Completions { range, candidates: all.into_iter().map(|(_, candidate)| candidate).collect() }
}

/// Quality, whether it is private, whether it needs a `use`, how far its score lies below the best, place among what is
/// usual for the value, place.
type Order = (u8, bool, bool, u32, usize, usize);

struct Entry {
    candidate: Candidate,
    score: Option<u32>,
    place: usize,
}

impl Entry {
    fn order(&self, quality: u8, typed: &str) -> Order {
        let private = self.candidate.text.starts_with('_') && !typed.starts_with('_');
        let score = self.score.map(|score| score.saturating_add(weight(&self.candidate)));
        let below = score.map_or(u32::MAX, |score| u32::MAX - score);
        let usual = self.candidate.usual.unwrap_or(usize::MAX);
        (quality, private, self.candidate.import.is_some(), below, usual, self.place)
    }
}

/// What a candidate's name adds to its score. Variables and fields are few, and mean something here: they stay before what is
/// usual elsewhere.
fn weight(candidate: &Candidate) -> u32 {
    let level = match candidate.kind {
        _ if candidate.usual.is_some() => usual::MOST + 1,
        // The service offers it where a statement begins.
        "keyword" if candidate.text == "let" => usual::MOST + 3,
        "function" | "class" if COMMON.contains(&candidate.text.as_str()) => usual::MOST + 2,
        _ if EVERYWHERE.contains(&candidate.text.as_str()) => 0,
        "property" | "instance" if !is_constant(&candidate.text) => usual::MOST,
        "function" | "class" | "instance" => usual::level(&candidate.text),
        _ => 0,
    };
    LEVEL * u32::from(level)
}

fn is_constant(name: &str) -> bool {
    name.contains(char::is_uppercase) && !name.contains(char::is_lowercase)
}

fn joined(found: &language::Candidate, known: Option<&Candidate>) -> Candidate {
    let signature = if found.detail.is_empty() {
        known.map(|known| known.signature.clone()).unwrap_or_default()
    } else {
        found.detail.clone()
    };
    let own = known.map(|known| known.summary.clone()).filter(|summary| !summary.is_empty());
    let import = found.import.as_ref().map(|import| format!("({import}) {}", found.summary));
    let summary = own.or(import).unwrap_or_else(|| found.summary.clone());
    Candidate {
        text: found.name.clone(),
        kind: kind(&found.kind),
        signature,
        summary: summary.trim().to_owned(),
        import: found.import.clone(),
        usual: known.and_then(|known| known.usual),
    }
}

fn kind(word: &str) -> &'static str {
    ["function", "class", "module", "property", "keyword"].into_iter().find(|kind| *kind == word).unwrap_or("instance")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(names: &[&str]) -> Completions {
        let candidate = |name: &&str| Candidate {
            text: (*name).to_owned(),
            kind: "function",
            signature: String::new(),
            summary: format!("about {name}"),
            import: None,
            usual: None,
        };
        Completions { range: 3..5, candidates: names.iter().map(candidate).collect() }
    }

    fn deep(names: &[(&str, u32, Option<&str>)]) -> Vec<language::Candidate> {
        let candidate = |(name, score, import): &(&str, u32, Option<&str>)| language::Candidate {
            name: (*name).to_owned(),
            insert: (*name).to_owned(),
            range: 0..2,
            kind: "function".to_owned(),
            detail: format!("fn {name}()"),
            summary: String::new(),
            score: *score,
            import: import.map(str::to_owned),
            snippet: None,
        };
        names.iter().map(candidate).collect()
    }

    #[test]
    fn there_is_one_ranking_without_a_name_twice() {
        let found = merged(
            instant(&["head", "hstack", "hidden"]),
            &deep(&[
                ("hstack", 900, None),
                ("head", 700, None),
                ("height", 800, None),
                ("_h", 900, None),
                ("he_import", 900, Some("use x::y;")),
            ]),
            "h",
        );
        let names: Vec<&str> = found.candidates.iter().map(|candidate| candidate.text.as_str()).collect();
        assert_eq!(names, ["hstack", "height", "head", "hidden", "he_import"]);
        assert_eq!(found.range, 3..5);
        assert_eq!(found.candidates[0].signature, "fn hstack()");
        assert_eq!(found.candidates[0].summary, "about hstack");
        assert_eq!(found.candidates[4].summary, "(use x::y;)");
    }

    #[test]
    fn usual_names_come_before_others_that_fit_as_well() {
        let methods =
            deep(&[("advance_by", 9, None), ("map", 9, None), ("collect", 9, None), ("map_windows", 9, None)]);
        let names = |typed: &str| -> Vec<String> {
            merged(instant(&[]), &methods, typed).candidates.into_iter().map(|found| found.text).collect()
        };
        assert_eq!(names(""), ["map", "collect", "advance_by", "map_windows"]);
        assert_eq!(names("map"), ["map", "map_windows"]);
        let fits = deep(&[("map", 9, None), ("advance_by", 60, None)]);
        assert_eq!(merged(instant(&[]), &fits, "").candidates[0].text, "advance_by");
    }

    #[test]
    fn what_is_called_most_of_such_a_value_comes_first() {
        let mut known = instant(&["agg", "head", "having"]);
        known.candidates[0].usual = Some(0);
        known.candidates[1].usual = Some(1);
        let told = ["into", "clone", "having", "head", "agg", "to_owned"].map(|name| (name, 9, None));
        let found = merged(known, &deep(&told), "");
        let names: Vec<&str> = found.candidates.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(names[..3], ["agg", "head", "clone"]);
        assert_eq!(names[3..], ["into", "having", "to_owned"], "what every value has is nothing special");

        let mut known = instant(&["lazy", "head", "height"]);
        known.candidates.iter_mut().enumerate().for_each(|(place, candidate)| candidate.usual = Some(place));
        let told = [("head", 109, None), ("tail", 109, None), ("height", 100, None), ("lazy", 95, None)];
        let names = |told: &[(&str, u32, Option<&str>)]| -> Vec<String> {
            merged(known.clone(), &deep(told), "").candidates.into_iter().map(|found| found.text).collect()
        };
        assert_eq!(names(&told), ["lazy", "head", "height", "tail"]);
        let mut fits = told;
        fits[2].1 = 135;
        assert_eq!(names(&fits), ["height", "lazy", "head", "tail"]);
    }

    #[test]
    fn what_notebooks_are_full_of_comes_first() {
        let mut told = deep(&[("Expr::Column", 115, None), ("map", 100, None), ("col", 100, None)]);
        told[0].kind = "class".to_owned();
        assert_eq!(merged(instant(&[]), &told, "").candidates[0].text, "col");
        let mut told = deep(&[("len", 90, None), ("let", 90, None)]);
        told[1].kind = "keyword".to_owned();
        assert_eq!(merged(instant(&[]), &told, "le").candidates[0].text, "let");
    }

    #[test]
    fn variables_come_before_constants() {
        let mut told = deep(&[("FLOAT_RE", 9, None), ("flights", 9, None)]);
        told.iter_mut().for_each(|found| found.kind = "instance".to_owned());
        assert_eq!(merged(instant(&[]), &told, "").candidates[0].text, "flights");
    }

    #[test]
    fn variables_keep_the_order_of_the_session() {
        let mut known = instant(&["newest", "newer", "old"]);
        known.candidates.iter_mut().for_each(|candidate| candidate.kind = "instance");
        let mut told = deep(&["newer", "old", "newest", "nowhere"].map(|name| (name, 9, None)));
        told.iter_mut().for_each(|found| found.kind = "instance".to_owned());
        let names: Vec<String> = merged(known, &told, "").candidates.into_iter().map(|found| found.text).collect();
        assert_eq!(names[..3], ["newest", "newer", "old"]);
    }

    #[test]
    fn what_is_alive_comes_first_and_once() {
        let mut alive = instant(&["height", "hidden"]);
        alive.candidates[0].summary = "alive".to_owned();
        let found = beside(alive, instant(&["he", "height", "head"]), "x1.he");
        let names: Vec<(&str, &str)> =
            found.candidates.iter().map(|found| (found.text.as_str(), found.summary.as_str())).collect();
        let expected = [("height", "alive"), ("he", "about he"), ("head", "about head"), ("hidden", "about hidden")];
        assert_eq!(names, expected);
        // Neither hides the other's best.
        let (alive, told) = (instant(&["d1", "d2", "d3"]), instant(&["d9", "d2", "d8"]));
        let found = beside(alive, told, "x1.d");
        let names: Vec<&str> = found.candidates.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(names, ["d1", "d9", "d2", "d3", "d8"]);
        let none = Completions { range: 0..0, candidates: Vec::new() };
        assert_eq!(beside(none, instant(&["a"]), "x1.a").candidates.len(), 1);
    }

    #[test]
    fn what_is_written_over_more_than_a_word_is_left_to_editors() {
        let mut found = deep(&[("hash", 9, None), ("head", 9, None)]);
        found[0].kind = "snippet".to_owned();
        let merged = merged(instant(&[]), &found, "h");
        assert_eq!(merged.candidates.iter().map(|found| found.text.as_str()).collect::<Vec<_>>(), ["head"]);
    }

    #[test]
    fn what_the_session_has_is_not_imported_again() {
        let found = merged(instant(&["mean"]), &deep(&[("mean", 9, Some("use x::mean;"))]), "me");
        assert_eq!(found.candidates.len(), 1);
        assert_eq!(found.candidates[0].summary, "about mean");
    }
}
