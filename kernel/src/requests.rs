//! The requests that are answered at once, also while a cell runs: each from what is known of the session between cells.

use crate::cursor;
use crate::history;
use crate::queue::PEEKED_WITHIN;
use crate::shared::Shared;
use crate::wire::{Incoming, VERSION};
use ironbook_assist::{self as assist, Candidate, Completeness, Detail};
use ironbook_magics::history::Entry;
use ironbook_session::language::{Answer as Deep, Query};
use jupyter_protocol::{
    CodeMirrorMode, CompleteRequest, HelpLink, HistoryRequest, InspectRequest, IsCompleteRequest, KernelInfoReply,
    LanguageInfo, ReplyStatus,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The content of the reply, or why the request cannot be read.
pub type Answer = Result<Value, serde_json::Error>;

/// `kernel_info_request`.
pub fn kernel_info(shared: &Shared) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let language = LanguageInfo {
        name: "rust".to_owned(),
        version: env!("CARGO_PKG_RUST_VERSION").to_owned(),
        mimetype: Some("text/x-rustsrc".to_owned()),
        file_extension: Some(".rs".to_owned()),
        pygments_lexer: Some("rust".to_owned()),
        codemirror_mode: Some(CodeMirrorMode::Simple("rust".to_owned())),
        nbconvert_exporter: Some("script".to_owned()),
    };
    let link = |text: &str, url: &str| HelpLink { text: text.to_owned(), url: url.to_owned() };
    let reply = KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: VERSION.to_owned(),
        implementation: "ironbook".to_owned(),
        implementation_version: version.to_owned(),
        language_info: language,
        banner: format!("Ironbook {version}: Rust cells over one session, polars and candle loaded. %help explains."),
        help_links: vec![
            link("Rust", "https://doc.rust-lang.org/std/"),
            link("polars", "https://docs.rs/polars/latest/polars/"),
            link("candle", "https://docs.rs/candle-core/latest/candle_core/"),
        ],
        debugger: false,
        error: None,
    };
    let mut content = json!(reply);
    content["supported_features"] = json!(["kernel subshells"]);
    content["ironbook"] = json!(shared.own_info());
    content
}

/// `complete_request`. A front end that has cells checked may name those above as `ironbook_above`: what they would leave that
/// have not run is known, too.
pub fn complete(shared: &Shared, request: &Incoming) -> Answer {
    let asked: CompleteRequest = request.content(json!({"cursor_pos": usize::MAX}))?;
    let cursor = cursor::to_byte(&asked.code, asked.cursor_pos);
    let above: Vec<String> = serde_json::from_value(request.content["ironbook_above"].clone()).unwrap_or_default();
    let left = shared.left_by(&above);
    let view = left.as_ref().map_or_else(|| shared.view(), |left| Arc::clone(&left.view));
    let mut found = assist::complete(&view, &asked.code, cursor);
    let deep = || match &left {
        Some(left) => shared.deep_after(&left.prelude, &view, &asked.code, cursor, Query::Complete),
        None => shared.deep(&view, &asked.code, cursor, Query::Complete),
    };
    if assist::is_rust(&view, &asked.code, cursor)
        && let Some(Deep::Candidates(deep)) = deep()
    {
        let typed = asked.code.get(found.range.start..cursor).unwrap_or_default().to_owned();
        found = assist::merged(found, &deep, &typed);
    }
    let start = cursor::from_byte(&asked.code, found.range.start);
    let end = cursor::from_byte(&asked.code, found.range.end);
    let typed: Vec<Value> = found
        .candidates
        .iter()
        .map(|candidate| {
            json!({
                "start": start, "end": end, "text": put_in(candidate), "type": candidate.kind,
                "signature": candidate.signature, "summary": candidate.summary,
                "name": candidate.text, "import": candidate.import,
            })
        })
        .collect();
    let matches: Vec<String> = found.candidates.iter().map(put_in).collect();
    Ok(json!({
        "status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": typed},
    }))
}

/// What a client puts in that cannot add a `use`: the whole path of what is not in scope, where that names it.
fn put_in(candidate: &Candidate) -> String {
    let path = candidate.import.as_deref().and_then(|import| {
        let path = import.trim().strip_prefix("use ")?.trim_end_matches(';').trim();
        (path.rsplit("::").next() == Some(candidate.text.trim_end_matches('!'))).then_some(path)
    });
    match path {
        Some(path) if candidate.text.ends_with('!') => format!("{path}!"),
        Some(path) => path.to_owned(),
        None => candidate.text.clone(),
    }
}

/// Whether all that is known of a name is that a `let` makes it.
fn says_no_type(told: Option<&Value>) -> bool {
    told.and_then(Value::as_str).is_some_and(|told| told.starts_with("let ") && !told.contains(':'))
}

/// `inspect_request`.
pub fn inspect(shared: &Shared, request: &Incoming) -> Answer {
    let asked: InspectRequest = request.content(json!({"cursor_pos": usize::MAX, "detail_level": 0}))?;
    let cursor = cursor::to_byte(&asked.code, asked.cursor_pos);
    let detail = if asked.detail_level.unwrap_or(0) > 0 { Detail::Full } else { Detail::Brief };
    let view = shared.view();
    // Where a cell runs nobody waits for it.
    let value =
        |name: &str| if shared.busy() { None } else { shared.queue.peek(name).recv_timeout(PEEKED_WITHIN).ok() };
    let mut found = assist::inspect_showing(&view, &asked.code, cursor, detail, &value);
    // What only the language service knows: the types of chains, closures, variables that the cell makes, and the like.
    if found.as_ref().is_none_or(|found| says_no_type(found.data.get("text/plain")))
        && let Some(Deep::Hover { markdown, .. }) = shared.deep(&view, &asked.code, cursor, Query::Hover)
    {
        found = Some(assist::of_markdown(&markdown));
    }
    let bundle = found.clone().unwrap_or_default();
    Ok(json!({"status": "ok", "found": found.is_some(), "data": bundle.data, "metadata": bundle.metadata}))
}

/// `is_complete_request`.
pub fn is_complete(shared: &Shared, request: &Incoming) -> Answer {
    let asked: IsCompleteRequest = request.content(json!({}))?;
    Ok(match assist::completeness(&shared.view(), &asked.code) {
        Completeness::Complete => json!({"status": "complete"}),
        Completeness::Incomplete { indent } => json!({"status": "incomplete", "indent": indent}),
        Completeness::Invalid => json!({"status": "invalid"}),
    })
}

/// `history_request`.
pub fn history(shared: &Shared, request: &Incoming) -> Answer {
    // What the protocol lets out, in all three forms.
    let defaults = json!({
        "hist_access_type": "tail", "output": false, "raw": true, "session": 0, "start": 0, "stop": 0, "n": 0,
        "pattern": "*", "unique": false,
    });
    let asked: HistoryRequest = request.content(defaults)?;
    let (entries, current) = entries(shared);
    Ok(json!({"status": "ok", "history": history::answer(&entries, current, &asked)}))
}

/// The cells of all sessions; of this one alone where no file is kept.
fn entries(shared: &Shared) -> (Vec<Entry>, u64) {
    match shared.history.as_ref().map(|file| (file.read(), file.session)) {
        Some((Ok(entries), session)) => (entries, session),
        _ => {
            let cells = shared.cells();
            (cells.iter().map(|c| Entry { session: 1, number: c.number, text: c.text.clone() }).collect(), 1)
        }
    }
}

/// `debug_request`: Rust cells have no debugger here, and the reply says so in the form that debuggers read.
pub fn debug(request: &Incoming) -> Value {
    json!({
        "type": "response",
        "request_seq": request.content["seq"].as_i64().unwrap_or(0),
        "success": false,
        "command": request.content["command"].as_str().unwrap_or(""),
        "message": "this kernel has no debugger (its kernel_info says so)",
        "status": "error", "ename": "NoDebugger", "evalue": "this kernel has no debugger", "traceback": [],
    })
}

/// The content of a reply to a request that cannot be read or is not known.
pub fn error(name: &str, message: &str) -> Value {
    json!({"status": "error", "ename": name, "evalue": message, "traceback": [message]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_scope_is_put_in_by_its_path() {
        let named = |text: &str, import: Option<&str>| {
            put_in(&Candidate { text: text.to_owned(), import: import.map(str::to_owned), ..Candidate::default() })
        };
        assert_eq!(named("BTreeMap", Some("use std::collections::BTreeMap;")), "std::collections::BTreeMap");
        assert_eq!(named("pin!", Some("use std::pin::pin;")), "std::pin::pin!");
        // A method needs its trait in scope; no path of its own would do.
        assert_eq!(named("read_line", Some("use std::io::BufRead;")), "read_line");
        assert_eq!(named("read_line", Some("use std::io::BufRead as _;")), "read_line");
        assert_eq!(named("df", None), "df");
    }
}
