//! Comms: what front-end extensions talk over beside cells. One target is known, `ironbook.variables`.
//!
//! Whoever opens it gets the list of variables, and again whenever it sends anything, for instance after each cell.

use ironbook_assist::View;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The target that is known.
pub const VARIABLES: &str = "ironbook.variables";

/// The open comms and their targets.
#[derive(Default)]
pub struct Comms {
    open: Mutex<BTreeMap<String, String>>,
}

impl Comms {
    /// A client opens a comm: what is published.
    pub fn open(&self, content: &Value, view: &View) -> Option<(&'static str, Value)> {
        let id = content["comm_id"].as_str()?;
        let target = content["target_name"].as_str().unwrap_or("");
        if target != VARIABLES {
            log::info!("a comm for the unknown target `{target}` is closed");
            return Some(("comm_close", json!({"comm_id": id, "data": {}})));
        }
        self.lock().insert(id.to_owned(), target.to_owned());
        Some(("comm_msg", variables(id, view)))
    }

    /// A client says something: what is published.
    pub fn message(&self, content: &Value, view: &View) -> Option<(&'static str, Value)> {
        let id = content["comm_id"].as_str()?;
        self.lock().contains_key(id).then(|| ("comm_msg", variables(id, view)))
    }

    /// A client closes a comm.
    pub fn close(&self, content: &Value) {
        if let Some(id) = content["comm_id"].as_str() {
            self.lock().remove(id);
        }
    }

    /// The open comms, of one target if that is given.
    pub fn info(&self, target: Option<&str>) -> Value {
        let open = self.lock();
        let wanted = open.iter().filter(|(_, name)| target.is_none_or(|target| target == *name));
        let comms: Map<String, Value> = wanted.map(|(id, name)| (id.clone(), json!({"target_name": name}))).collect();
        json!({"status": "ok", "comms": comms})
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn variables(id: &str, view: &View) -> Value {
    let all: Vec<Value> = view
        .variables
        .iter()
        .map(|v| json!({"name": v.name, "type": v.type_name, "shape": v.shape, "bytes": v.bytes, "stale": v.stale}))
        .collect();
    json!({"comm_id": id, "data": {"variables": all}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_targets_are_closed_and_known_ones_answer_until_closed() {
        let (comms, view) = (Comms::default(), View::default());
        let open = |id: &str, target: &str| comms.open(&json!({"comm_id": id, "target_name": target}), &view);
        assert_eq!(open("a", "widgets").unwrap().0, "comm_close");
        let (kind, content) = open("b", VARIABLES).unwrap();
        assert_eq!((kind, &content["data"]["variables"]), ("comm_msg", &json!([])));
        assert_eq!(comms.info(None)["comms"], json!({"b": {"target_name": VARIABLES}}));
        assert_eq!(comms.info(Some("other"))["comms"], json!({}));
        assert!(comms.message(&json!({"comm_id": "b", "data": 1}), &view).is_some());
        comms.close(&json!({"comm_id": "b"}));
        assert!(comms.message(&json!({"comm_id": "b"}), &view).is_none());
        assert!(comms.open(&json!({}), &view).is_none());
    }
}
