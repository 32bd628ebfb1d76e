//! Types whose `clone` copies all that they hold.

/// Types that hold their values themselves: copying one copies them.
const OWNING: &[&str] = &["Vec", "VecDeque", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Box", "Option"];
/// Values without anything shared.
const PLAIN: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize", "String", "str",
];
/// Parameters that say how, not what is held.
const HOW: &[&str] = &["RandomState", "Global"];

/// Whether a clone of the type copies its whole content. Frames, series and tensors share theirs, and are none of these;
/// what is not known is taken for shared.
pub fn is_copied_whole(type_name: &str) -> bool {
    let mut words = type_name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|w| !w.is_empty());
    let last = |word: &str| word.rsplit("::").next().unwrap_or(word).to_owned();
    // No references: those are copied, not what they point to.
    let owned = !type_name.contains(['&', '*']) && !type_name.contains("dyn ");
    let first = words.clone().next().map(last).unwrap_or_default();
    let held = |word: &str| {
        let word = last(word);
        let known = [OWNING, PLAIN, HOW].iter().any(|list| list.contains(&word.as_str()));
        known || word.chars().all(|c| c.is_ascii_digit())
    };
    let holds = OWNING.contains(&first.as_str()) && first != "Option" || first == "String";
    owned && holds && words.all(held)
}

/// A size as people read it.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = bytes.saturating_mul(10) / unit;
            return if tenths >= 100 {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_is_not_copied() {
        for (name, whole) in [
            ("Vec<f64>", true),
            ("alloc::vec::Vec<alloc::vec::Vec<f32>>", true),
            ("HashMap<String, Vec<u8>>", true),
            ("Vec<(usize, [f64; 3])>", true),
            ("String", true),
            ("Vec<DataFrame>", false),
            ("Vec<Arc<Vec<f64>>>", false),
            ("Vec<&str>", false),
            ("DataFrame", false),
            ("Tensor", false),
            ("Arc<Vec<f64>>", false),
            ("f64", false),
            ("Vec<Box<dyn Fn(f64) -> f64>>", false),
        ] {
            assert_eq!(is_copied_whole(name), whole, "{name}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!([size(12), size(1536), size(16 << 20), size(3 << 30)], ["12 bytes", "1.5 kB", "16 MB", "3.0 GB"]);
    }
}
