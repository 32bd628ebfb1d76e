//! A cell's outputs as a notebook stores them, collected from the session's events.

use crate::notebook::lines;
use ironbook_core::Bundle;
use ironbook_session::{Event, Failure};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Characters of printed text that a cell keeps; a runaway loop must not make a notebook that nothing opens.
const STREAM_LIMIT: usize = 8 << 20;

/// What a recorder keeps, in bytes; more than so much is left out, and the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one cell.
    pub cell: usize,
    /// Of all cells together.
    pub all: usize,
}

/// The outputs of a notebook's cells while it runs.
#[derive(Debug, Default)]
pub struct Recorder {
    cells: Vec<Vec<Value>>,
    /// Bytes of each cell, approximately.
    weights: Vec<usize>,
    limits: Option<Limits>,
    /// How many cells have been forgotten: all are before this one.
    forgotten: usize,
    /// Where each display identity is shown: cell and output.
    displays: HashMap<String, Vec<(usize, usize)>>,
    /// Characters printed by the current cell, and whether to clear before its next output.
    printed: usize,
    clear_next: bool,
}

impl Recorder {
    /// A recorder that forgets.
    pub fn bounded(limits: Limits) -> Recorder {
        Recorder { limits: Some(limits), ..Recorder::default() }
    }

    /// Begins the next cell.
    pub fn begin(&mut self) {
        self.forget();
        self.cells.push(Vec::new());
        self.weights.push(0);
        self.printed = 0;
        self.clear_next = false;
    }

    /// Forgets the outputs of the oldest cells, where all together are too large.
    fn forget(&mut self) {
        let Some(limits) = self.limits else { return };
        let mut all: usize = self.weights[self.forgotten..].iter().sum();
        let before = self.forgotten;
        while all > limits.all && self.forgotten < self.cells.len() {
            all -= self.weights[self.forgotten];
            self.cells[self.forgotten] = Vec::new();
            self.forgotten += 1;
        }
        if self.forgotten > before {
            self.displays.retain(|_, places| {
                places.retain(|(cell, _)| *cell >= self.forgotten);
                !places.is_empty()
            });
        }
    }

    /// Whether a cell's outputs are no longer known.
    pub fn has_forgotten(&self, cell: usize) -> bool {
        cell < self.forgotten
    }

    /// Notes what an output takes; whether there is room for it.
    fn weigh(&mut self, bytes: usize) -> bool {
        self.current();
        let Some(weight) = self.weights.last_mut() else { return true };
        let had = *weight;
        *weight += bytes;
        let Some(Limits { cell: limit, .. }) = self.limits.filter(|limits| *weight > limits.cell) else { return true };
        if had <= limit {
            *weight = limit + 1; // said once
            let words = format!("[more was shown; {} MB of a cell's outputs are remembered]\n", limit >> 20);
            self.current().push(json!({"output_type": "stream", "name": "stderr", "text": words}));
        } else {
            *weight = had;
        }
        false
    }

    /// Records an output of the current cell; `count` is its execution count.
    pub fn event(&mut self, event: &Event, count: u64) {
        match event {
            Event::Stdout(text) => self.stream("stdout", text),
            Event::Stderr(text) => self.stream("stderr", text),
            Event::Note(text) => self.stream("stderr", &format!("note: {text}\n")),
            Event::Result(bundle) if !bundle.is_empty() => {
                let mut output = shown("execute_result", bundle);
                output.insert("execution_count".into(), json!(count));
                self.push(output);
            }
            Event::Display { bundle, id, update: true } => self.update(id.as_deref(), bundle),
            Event::Display { bundle, id, update: false } => {
                if self.push(shown("display_data", bundle))
                    && let Some(id) = id
                {
                    let at = (self.cells.len() - 1, self.current().len() - 1);
                    self.displays.entry(id.clone()).or_default().push(at);
                }
            }
            Event::Page(text) => self.stream("stdout", &format!("{text}\n")),
            Event::Clear { wait: true } => self.clear_next = true,
            Event::Clear { wait: false } => self.clear(),
            Event::Result(_) | Event::Progress(_) | Event::Input { .. } => {}
        }
    }

    /// Records how the current cell failed.
    pub fn failure(&mut self, failure: &Failure) {
        let output = json!({
            "output_type": "error",
            "ename": failure.name,
            "evalue": failure.message,
            "traceback": failure.report,
        });
        if std::mem::take(&mut self.clear_next) {
            self.clear();
        }
        self.current().push(output); // also where there is no room for more: it is what matters most
    }

    /// How many cells have begun.
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// The outputs of a cell so far, as a notebook stores them; an update may still change those of an earlier cell.
    pub fn outputs(&self, cell: usize) -> Vec<Value> {
        self.cells.get(cell).into_iter().flatten().cloned().map(in_lines).collect()
    }

    fn current(&mut self) -> &mut Vec<Value> {
        if self.cells.is_empty() {
            self.begin();
        }
        self.cells.last_mut().expect("made just above if there was none")
    }

    /// Adds an output, if there is room.
    fn push(&mut self, output: Map<String, Value>) -> bool {
        if std::mem::take(&mut self.clear_next) {
            self.clear();
        }
        let output = Value::Object(output);
        let fits = self.weigh(weight(&output));
        if fits {
            self.current().push(output);
        }
        fits
    }

    /// Text joins the last output if that is of the same stream.
    fn stream(&mut self, name: &str, text: &str) {
        if text.is_empty() || self.printed >= STREAM_LIMIT {
            return;
        }
        if std::mem::take(&mut self.clear_next) {
            self.clear();
        }
        if !self.weigh(text.len()) {
            return;
        }
        self.printed += text.len();
        let cut = self.printed >= STREAM_LIMIT;
        let text = if cut {
            format!("{text}\n[more was printed; a notebook keeps {} MB a cell]\n", STREAM_LIMIT >> 20)
        } else {
            text.to_owned()
        };
        let same = |output: &&mut Value| output["output_type"] == "stream" && output["name"] == name;
        match self.current().last_mut().filter(same).and_then(|last| last.get_mut("text")) {
            Some(Value::String(printed)) => printed.push_str(&text),
            _ => self.current().push(json!({"output_type": "stream", "name": name, "text": text})),
        }
    }

    fn update(&mut self, id: Option<&str>, bundle: &Bundle) {
        let places = id.and_then(|id| self.displays.get(id)).cloned().unwrap_or_default();
        for (cell, output) in places {
            if let Some(output) = self.cells.get_mut(cell).and_then(|outputs| outputs.get_mut(output)) {
                let updated = Value::Object(shown("display_data", bundle));
                let total = self.weights[cell] + weight(&updated);
                self.weights[cell] = total.saturating_sub(weight(output));
                *output = updated;
            }
        }
    }

    fn clear(&mut self) {
        self.current().clear();
        let cell = self.cells.len() - 1;
        self.weights[cell] = 0;
        for places in self.displays.values_mut() {
            places.retain(|place| place.0 != cell);
        }
    }
}

/// Bytes that a value takes, approximately.
fn weight(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 0,
    };
    inner + size_of::<Value>()
}

/// An output as a notebook stores it: text as a list of lines. While it is recorded it is one text, which is far smaller.
fn in_lines(mut output: Value) -> Value {
    let split = |value: &mut Value| {
        if let Value::String(text) = value {
            *value = lines(text);
        }
    };
    if let Some(text) = output.get_mut("text") {
        split(text);
    }
    if let Some(Value::Object(data)) = output.get_mut("data") {
        let is_text =
            |mime: &str| mime.starts_with("text/") || mime == "image/svg+xml" || mime == "application/javascript";
        data.iter_mut().filter(|(mime, _)| is_text(mime)).for_each(|(_, value)| split(value));
    }
    output
}

/// A bundle as an output of this type.
fn shown(output_type: &str, bundle: &Bundle) -> Map<String, Value> {
    let mut output = Map::new();
    output.insert("output_type".into(), json!(output_type));
    output.insert("data".into(), bundle.data.iter().map(|(mime, value)| (mime.clone(), value.clone())).collect());
    output.insert("metadata".into(), Value::Object(bundle.metadata.clone()));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(recorder: &Recorder) -> Vec<Vec<Value>> {
        (0..recorder.count()).map(|cell| recorder.outputs(cell)).collect()
    }

    fn record(events: &[Event]) -> Vec<Vec<Value>> {
        let mut recorder = Recorder::default();
        recorder.begin();
        for event in events {
            recorder.event(event, 7);
        }
        all(&recorder)
    }

    fn display(text: &str, id: &str, update: bool) -> Event {
        Event::Display { bundle: Bundle::text(text), id: Some(id.into()), update }
    }

    #[test]
    fn streams_merge_by_name() {
        let out = |text: &str| Event::Stdout(text.into());
        let cells = record(&[out("a"), out("b\nc"), Event::Stderr("e\n".into()), out("d")]);
        assert_eq!(
            cells[0],
            [
                json!({"output_type": "stream", "name": "stdout", "text": ["ab\n", "c"]}),
                json!({"output_type": "stream", "name": "stderr", "text": ["e\n"]}),
                json!({"output_type": "stream", "name": "stdout", "text": ["d"]}),
            ]
        );
    }

    #[test]
    fn results_carry_the_count_and_lines() {
        let bundle = Bundle::text("1\n2").png(b"x").with("application/json", json!({"a": 1}));
        let cells = record(&[Event::Result(bundle), Event::Result(Bundle::default())]);
        assert_eq!(
            cells[0],
            [json!({
                "output_type": "execute_result",
                "execution_count": 7,
                "data": {"text/plain": ["1\n", "2"], "image/png": "eA==", "application/json": {"a": 1}},
                "metadata": {},
            })]
        );
    }

    #[test]
    fn updates_reach_earlier_cells_and_clearing_forgets() {
        let mut recorder = Recorder::default();
        recorder.begin();
        recorder.event(&display("old", "d", false), 1);
        recorder.begin();
        recorder.event(&display("new", "d", true), 2);
        assert_eq!(all(&recorder)[0][0]["data"]["text/plain"], json!(["new"]));
        assert!(all(&recorder)[1].is_empty());
        recorder.event(&display("x", "e", false), 2);
        recorder.event(&Event::Clear { wait: true }, 2);
        assert_eq!(all(&recorder)[1].len(), 1);
        recorder.event(&Event::Stdout("y".into()), 2);
        recorder.event(&display("z", "e", true), 2);
        assert_eq!(all(&recorder)[1].len(), 1);
        assert_eq!(all(&recorder)[1][0]["name"], "stdout");
    }

    #[test]
    fn a_bounded_recorder_forgets_the_oldest_and_cuts_the_largest() {
        let mut recorder = Recorder::bounded(Limits { cell: 5000, all: 8000 });
        let big = || Event::Display { bundle: Bundle::text("x".repeat(3000)), id: Some("d".into()), update: false };
        for _ in 0..4 {
            recorder.begin();
            recorder.event(&big(), 1);
            recorder.event(&big(), 1);
            recorder.event(&big(), 1);
        }
        recorder.begin();
        assert_eq!(all(&recorder)[3].len(), 2, "one display and the remark: {:?}", all(&recorder)[3]);
        assert!(all(&recorder)[3][1]["text"][0].as_str().unwrap().contains("more was shown"));
        assert!(recorder.has_forgotten(2) && !recorder.has_forgotten(3));
        assert!(all(&recorder)[..3].iter().all(Vec::is_empty));
        recorder.event(&display("new", "d", true), 5);
        assert_eq!(all(&recorder)[3][0]["data"]["text/plain"], json!(["new"]));
    }

    #[test]
    fn endless_printing_is_cut() {
        let line = Event::Stdout("x".repeat(1 << 20));
        let cells = record(&vec![line; 20]);
        assert!(cells[0][0].to_string().len() < STREAM_LIMIT + 1000);
        assert!(cells[0][0]["text"].as_array().unwrap().last().unwrap().as_str().unwrap().contains("more was printed"));
    }
}
