//! Where a name of a cell is defined in the source of a crate.
//!
//! A request of our own, `ironbook_definition_request` on the shell channel: `{"code", "cursor_pos"}`, as `inspect_request` has
//! them. The reply has `{"found": true, "path", "text", "line", "start", "end"}`: the file and all that is in it, the line from
//! zero, and the name's columns in it in UTF-16 code units. What cells define is not found: a front end has their texts.
//! No `status` is published: nothing runs.

use crate::cursor;
use crate::requests::{Answer, error};
use crate::shared::Shared;
use crate::wire::Incoming;
use ironbook_session::language::{Answer as Deep, Query, Spot, Target};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Read as _};

/// The request.
pub const REQUEST: &str = "ironbook_definition_request";

/// Bytes of a file that are sent at most.
const LONGEST: u64 = 4 << 20;

#[derive(Deserialize)]
struct Asked {
    code: String,
    cursor_pos: usize,
}

/// Answers a request.
pub fn define(shared: &Shared, request: &Incoming) -> Answer {
    let asked: Asked = request.content(json!({"cursor_pos": usize::MAX}))?;
    let at = cursor::to_byte(&asked.code, asked.cursor_pos);
    let view = shared.view();
    let Some(Deep::Targets(targets)) = shared.deep(&view, &asked.code, at, Query::Definition) else {
        return Ok(json!({"status": "ok", "found": false}));
    };
    let in_files = targets.into_iter().find_map(|target| match target {
        Target::File { path, start, end } => Some((path, start, end)),
        Target::Text(_) => None,
    });
    let Some((path, start, end)) = in_files else { return Ok(json!({"status": "ok", "found": false})) };
    Ok(told(&path, &start, &end).unwrap_or_else(|reason| error("OSError", &format!("{path} cannot be read: {reason}"))))
}

fn told(path: &str, start: &Spot, end: &Spot) -> io::Result<Value> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let last = if end.line == start.line { end.column } else { start.column };
    Ok(json!({
        "status": "ok", "found": true, "path": path, "text": text,
        "line": start.line, "start": start.column, "end": last,
    }))
}
