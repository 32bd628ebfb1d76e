//! Subshells (JEP 91): they run magics that only look, while a cell runs in the session.

use crate::glance;
use crate::printer::error_content;
use crate::requests;
use crate::shared::Shared;
use ironbook_session::{Event, Status};
use jupyter_protocol::ExecuteRequest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a subshell takes turns by: its cells run one after the other.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// The subshells.
#[derive(Default)]
pub struct Subshells {
    open: Mutex<BTreeMap<String, Turn>>,
}

impl Subshells {
    /// `create_subshell_request`.
    pub fn create(&self) -> Value {
        let id = uuid::Uuid::new_v4().to_string();
        self.lock().insert(id.clone(), Turn::default());
        json!({"status": "ok", "subshell_id": id})
    }

    /// `delete_subshell_request`.
    pub fn delete(&self, content: &Value) -> Value {
        let id = content["subshell_id"].as_str().unwrap_or("");
        match self.lock().remove(id) {
            Some(_) => json!({"status": "ok"}),
            None => requests::error("SubshellNotFound", &format!("there is no subshell `{id}`")),
        }
    }

    /// `list_subshell_request`.
    pub fn list(&self) -> Value {
        json!({"status": "ok", "subshell_id": self.lock().keys().collect::<Vec<_>>()})
    }

    /// Whose turn it is in a subshell.
    pub fn turn(&self, id: &str) -> Option<Turn> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Turn>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a cell of a subshell: the reply, and what is published before it.
pub fn run(shared: &Shared, asked: &ExecuteRequest) -> (Value, Vec<(&'static str, Value)>) {
    let count = shared.count();
    let mut published = Vec::new();
    let mut payload = Vec::new();
    let outcome = glance::run(&shared.view(), &shared.cells(), &asked.code, &mut |event| match event {
        Event::Page(text) => payload.push(json!({"source": "page", "data": {"text/plain": text}, "start": 0})),
        event => published.extend(message(event)),
    });
    let failure = match outcome.map(|outcome| outcome.status) {
        Ok(Status::Ok) => None,
        Ok(Status::Failed(failure)) | Err(failure) => Some(failure),
    };
    if asked.silent {
        published.clear();
    }
    let mut reply = json!({"status": "ok", "execution_count": count, "payload": payload, "user_expressions": {}});
    if let Some(failure) = failure {
        let content = error_content(&failure);
        published.push(("error", content.clone()));
        if let (Value::Object(reply), Value::Object(content)) = (&mut reply, content) {
            reply.insert("status".to_owned(), json!("error"));
            reply.extend(content);
        }
    }
    (reply, published)
}

fn message(event: Event) -> Option<(&'static str, Value)> {
    Some(match event {
        Event::Stdout(text) => ("stream", json!({"name": "stdout", "text": text})),
        Event::Stderr(text) => ("stream", json!({"name": "stderr", "text": text})),
        Event::Display { bundle, .. } | Event::Result(bundle) => {
            ("display_data", json!({"data": bundle.data, "metadata": bundle.metadata, "transient": {}}))
        }
        _ => return None,
    })
}
