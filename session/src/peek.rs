//! A look at a variable's value by somebody who runs nothing.

use crate::event::{Event, Failure};
use crate::session::Session;
use ironbook_core::Bundle;
use ironbook_core::frame::{Outcome, Request};

/// Bytes up to which a value that is no table is shown.
const PEEKED: u64 = 1 << 20;
/// Words without a path that types are made of, besides the lengths of arrays.
const WORDS: &[&str] = &[
    "bool", "char", "str", "mut", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize", "f32", "f64",
];
/// Crates with the types of theirs whose display is their own and small.
const KNOWN: &[(&str, &[&str])] = &[
    ("alloc", &["String", "Vec", "VecDeque", "BTreeMap", "BTreeSet", "Box", "Rc", "Arc", "Global"]),
    ("core", &["Option", "Result", "Range", "RangeInclusive", "Duration", "Ordering"]),
    ("std", &["HashMap", "HashSet", "RandomState", "Instant", "SystemTime", "PathBuf"]),
    ("polars_core", &["DataFrame", "Series", "Column"]),
    ("candle_core", &["Tensor"]),
    ("ndarray", &["ArrayBase", "OwnedRepr", "Dim"]),
];

impl Session {
    /// A variable as it is shown when a cell is nothing but its name; nothing is compiled or remembered.
    ///
    /// None where there is no such variable, where showing it fails, where it is large and nobody knows how long it takes,
    /// and where showing it would run code of cells or of crates that they name, which may do anything.
    /// What threads print meanwhile goes to `out`.
    ///
    /// # Errors
    /// When the runtime died; a new one was started, and what was lost was told to `out`.
    pub fn peek(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Option<Bundle>, Failure> {
        let shows = |live: &&crate::session::Live| {
            is_known(&live.type_name) && (live.bytes <= PEEKED || !live.columns.is_empty())
        };
        if self.live.get(name).filter(shows).is_none() {
            return Ok(None);
        }
        let handle = self.handle();
        handle.begin();
        let has_result = self.has_result;
        let mut shown = None;
        let request = Request::Show { execution: self.last, name: name.to_owned() };
        let done = self.request(&request, &mut |event| match event {
            Event::Result(bundle) => shown = Some(bundle),
            Event::Input { .. } => handle.answer(Err("nobody is asked while a value is only looked at".to_owned())),
            event => out(event),
        });
        self.has_result = has_result;
        let done = done?;
        self.note_keeping(done.keeping, out);
        Ok(matches!(done.outcome, Outcome::Ok).then_some(shown).flatten())
    }
}

/// Whether nothing in a type, as `std::any::type_name` prints it, is of a cell's making or of a crate that cells brought in.
fn is_known(type_name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#' | '!' | '*' | '+');
    type_name.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).all(is_known_word)
}

fn is_known_word(word: &str) -> bool {
    let Some((library, _)) = word.split_once("::") else {
        return WORDS.contains(&word) || word.chars().all(|c| c.is_ascii_digit());
    };
    let name = word.rsplit("::").next().unwrap_or_default();
    let is_listed = KNOWN.iter().any(|(known, names)| *known == library && names.contains(&name));
    is_listed || (library.starts_with("ironbook_") && name.ends_with("Report"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_types_of_std_and_the_library_are_looked_at() {
        for known in [
            "i32",
            "&str",
            "&mut [u8]",
            "(f64, alloc::string::String)",
            "[[u8; 3]; 2]",
            "alloc::vec::Vec<core::option::Option<f64>>",
            "std::collections::hash::map::HashMap<alloc::string::String, alloc::vec::Vec<i32>>",
            "alloc::collections::btree::map::BTreeMap<char, ()>",
            "polars_core::frame::DataFrame",
            "candle_core::tensor::Tensor",
            "ndarray::ArrayBase<ndarray::data_repr::OwnedRepr<f64>, ndarray::dimension::dim::Dim<[usize; 2]>>",
            "ironbook_metrics::classification::ClassificationReport",
        ] {
            assert!(is_known(known), "{known}");
        }
        for other in [
            "cell::t_3fa9::Foo",
            "alloc::vec::Vec<cell::t_3fa9::Foo>",
            "core::option::Option<mine::Shape>",
            "alloc::boxed::Box<dyn core::fmt::Debug>",
            "alloc::vec::Vec<alloc::rc::Rc<core::cell::RefCell<i32>>>",
            "core::iter::adapters::map::Map<core::ops::range::Range<i32>, cell::run::{{closure}}>",
            "fn(i32) -> i32",
            "*const i32",
            "!",
            "polars_lazy::frame::LazyFrame",
            "std::collections::hash::map::HashMap<i32, i32, cell::t_1::Hasher>",
            "cell::t_1::DriftReport",
        ] {
            assert!(!is_known(other), "{other}");
        }
    }
}
