//! The items that are needed, as they were written.

use crate::history::History;
use crate::slice::Slice;
use ironbook_session::ExecutionId;
use ironbook_session::items::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

/// The items that are needed: `use`s, and all others as they were written.
pub(super) fn items(history: &History<'_>, slice: &Slice) -> (Vec<String>, Vec<String>) {
    let mut by_unit: BTreeMap<ExecutionId, BTreeSet<&Key>> = BTreeMap::new();
    for (key, id) in &slice.items {
        by_unit.entry(*id).or_default().insert(key);
    }
    let (mut uses, mut macros, mut others) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (id, keys) in by_unit {
        let Some(unit) = history.unit(id) else { continue };
        for (item, range) in &unit.items {
            let definitions = ironbook_session::items::definitions(item, range.clone(), &unit.text, id, &[]);
            let wanted: Vec<_> = definitions.iter().filter(|d| keys.contains(&d.key)).collect();
            if wanted.is_empty() {
                continue;
            }
            let whole = wanted.len() == definitions.len();
            let text = match item {
                syn::Item::Use(_) => {
                    uses.extend(wanted.iter().map(|d| in_crate(&d.text)));
                    continue;
                }
                _ if whole => with_comments(&unit.text.text, range.clone()),
                // Of an `impl`, the methods that are reached or in force.
                _ => {
                    let mut text = String::new();
                    for definition in wanted {
                        let _ = writeln!(text, "{} }}", definition.text);
                    }
                    text
                }
            };
            let list = if matches!(item, syn::Item::Macro(_)) { &mut macros } else { &mut others };
            list.push(in_crate(&text));
        }
    }
    macros.append(&mut others);
    (uses.into_iter().collect(), macros)
}

/// In a session the items are the crate's root; in a pipeline they are in its module.
pub(super) fn in_crate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("crate::") {
        let before = rest[..at].chars().next_back();
        out.push_str(&rest[..at]);
        let word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        out.push_str(if word { "crate::" } else { "crate::stages::" });
        rest = &rest[at + "crate::".len()..];
    }
    out.push_str(rest);
    out
}

/// The text with the lines of comments directly above it.
pub(super) fn with_comments(text: &str, range: Range<usize>) -> String {
    let mut start = range.start;
    loop {
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        if !text[line_start..start].trim().is_empty() || line_start == 0 {
            break;
        }
        let above = text[..line_start - 1].rfind('\n').map_or(0, |at| at + 1);
        let line = text[above..line_start - 1].trim_start();
        if !line.starts_with("//") || is_mark(line) {
            break;
        }
        start = above;
    }
    text[start..range.end].to_owned()
}

/// Comments that speak to the promotion.
fn is_mark(line: &str) -> bool {
    let comment = line.trim_start_matches('/').trim_start();
    ["stage:", "gate:", "data:", "param", "tags:", "skip", "timeout:", "retries:", "memory:", "%%"]
        .iter()
        .any(|mark| comment.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_crate_lead_to_the_module() {
        assert_eq!(
            in_crate("use crate::a; $crate::b; my_crate::c"),
            "use crate::stages::a; $crate::stages::b; my_crate::c"
        );
    }

    #[test]
    fn comments_go_with_what_they_are_about() {
        let text = "let a = 1;\n// about b\n// stage: x\n// more\nlet b = 2;";
        let at = text.find("let b").unwrap();
        assert_eq!(with_comments(text, at..text.len()), "// more\nlet b = 2;");
    }
}
