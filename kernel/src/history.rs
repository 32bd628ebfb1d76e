//! `history_request`: cells of this session and of earlier ones.

use ironbook_magics::history::{Entry, fits};
use jupyter_protocol::HistoryRequest;
use serde_json::{Value, json};

/// The cells that are asked for, as `(session, number, text)`; `current` is this session's number.
///
/// Outputs are not kept: where they are asked for, the text's partner is `null`.
pub fn answer(entries: &[Entry], current: u64, request: &HistoryRequest) -> Vec<Value> {
    match request {
        HistoryRequest::Tail { n, output, .. } => shown(newest(entries.iter().collect(), *n), *output),
        HistoryRequest::Range { session, start, stop, output, .. } => {
            let session = i64::from(session.unwrap_or(0));
            // 0 is this session, -1 the one before it.
            let wanted = if session <= 0 { current.saturating_add_signed(session) } else { session.unsigned_abs() };
            let cells: Vec<&Entry> = entries.iter().filter(|entry| entry.session == wanted).collect();
            shown(range(&cells, i64::from(*start), i64::from(*stop)), *output)
        }
        HistoryRequest::Search { pattern, unique, output, n, .. } => {
            let mut found: Vec<&Entry> = entries.iter().filter(|entry| fits(pattern, &entry.text)).collect();
            if *unique {
                let mut seen = std::collections::HashSet::new();
                found.reverse();
                found.retain(|entry| seen.insert(&entry.text));
                found.reverse();
            }
            shown(newest(found, *n), *output)
        }
    }
}

/// The last `n`; all for 0 or less.
fn newest(mut entries: Vec<&Entry>, n: i32) -> Vec<&Entry> {
    let keep = usize::try_from(n).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
    entries.split_off(entries.len().saturating_sub(keep))
}

/// Cells from number `start` up to `stop`, which is left out; a stop of 0 means all.
fn range<'a>(cells: &[&'a Entry], start: i64, stop: i64) -> Vec<&'a Entry> {
    let last = cells.last().map_or(0, |entry| entry.number.cast_signed());
    let from_end = |number: i64| if number < 0 { last + 1 + number } else { number };
    let stop = if stop == 0 { i64::MAX } else { from_end(stop) };
    let numbers = from_end(start)..stop;
    cells.iter().copied().filter(|entry| numbers.contains(&entry.number.cast_signed())).collect()
}

fn shown(entries: Vec<&Entry>, output: bool) -> Vec<Value> {
    let text = |entry: &Entry| if output { json!([entry.text, null]) } else { json!(entry.text) };
    entries.into_iter().map(|entry| json!([entry.session, entry.number, text(entry)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: Value, expected: &[(u64, u64)]) {
        let cells = [(1, 1, "let a = 1;"), (1, 2, "a"), (2, 1, "let b = 2;"), (2, 2, "a"), (2, 3, "b + a")];
        let entries: Vec<Entry> = cells
            .iter()
            .map(|(session, number, text)| Entry { session: *session, number: *number, text: (*text).into() })
            .collect();
        let request: HistoryRequest = serde_json::from_value(request).unwrap();
        let found: Vec<(u64, u64)> = answer(&entries, 2, &request)
            .iter()
            .map(|found| (found[0].as_u64().unwrap(), found[1].as_u64().unwrap()))
            .collect();
        assert_eq!(found, expected, "{request:?}");
    }

    fn with(kind: &str, more: &Value) -> Value {
        let mut request = json!({"hist_access_type": kind, "output": false, "raw": true});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    }

    #[test]
    fn tail_range_and_search() {
        check(with("tail", &json!({"n": 2})), &[(2, 2), (2, 3)]);
        check(with("tail", &json!({"n": 99})), &[(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]);
        check(with("range", &json!({"session": 0, "start": 1, "stop": 3})), &[(2, 1), (2, 2)]);
        check(with("range", &json!({"session": -1, "start": 1, "stop": 0})), &[(1, 1), (1, 2)]);
        check(with("range", &json!({"session": 1, "start": 2, "stop": 9})), &[(1, 2)]);
        check(with("range", &json!({"session": 0, "start": -1, "stop": 0})), &[(2, 3)]);
        check(with("search", &json!({"pattern": "let *", "unique": false, "n": 10})), &[(1, 1), (2, 1)]);
        check(with("search", &json!({"pattern": "a", "unique": true, "n": 10})), &[(2, 2)]);
        check(with("search", &json!({"pattern": "*", "unique": false, "n": 1})), &[(2, 3)]);
    }

    #[test]
    fn outputs_are_null() {
        let entries = [Entry { session: 1, number: 1, text: "x".into() }];
        let request = HistoryRequest::Tail { n: 1, output: true, raw: true };
        assert_eq!(answer(&entries, 1, &request), [json!([1, 1, ["x", null]])]);
    }
}
