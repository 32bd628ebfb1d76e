//! Answers as JSON, written straight into bytes.

use super::Method;
use super::oip::{Output, PREDICTION};
use crate::contract::Contract;
use crate::model::Answers;
use std::io::Write as _;

/// What each class is in JSON.
#[derive(Debug)]
pub(crate) struct Labels {
    /// Values of the classes in predictions.
    values: Vec<f64>,
    /// As a value: `"late"`, or `1` where classes are numbers.
    words: Vec<Vec<u8>>,
    /// As the name of a field: `"late":`.
    fields: Vec<Vec<u8>>,
    /// The texts of the classes, if they are texts.
    texts: Option<Vec<String>>,
}

impl Labels {
    pub(crate) fn new(contract: &Contract) -> Option<Labels> {
        let classes = contract.signature().classes.as_ref()?;
        let quoted = |text: &String| serde_json::to_vec(text).expect("a text is JSON");
        let fields = classes.names().iter().map(|name| [quoted(name), b":".to_vec()].concat()).collect();
        let words = match &classes.text {
            Some(texts) => texts.iter().map(quoted).collect(),
            None => classes.values.iter().map(|value| format!("{value}").into_bytes()).collect(),
        };
        Some(Labels { values: classes.values.clone(), words, fields, texts: classes.text.clone() })
    }

    /// The number of the class of a prediction.
    #[inline]
    pub(crate) fn place(&self, prediction: f64) -> Option<usize> {
        self.values.iter().position(|value| *value == prediction)
    }
}

pub(crate) fn number(out: &mut Vec<u8>, value: f64) {
    // Writing to memory cannot fail; NaN and infinities become null.
    let _ = serde_json::to_writer(out, &value);
}

fn text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

fn prediction(out: &mut Vec<u8>, labels: Option<&Labels>, value: f64) {
    match labels.and_then(|labels| Some(&labels.words[labels.place(value)?])) {
        Some(word) => out.extend_from_slice(word),
        None => number(out, value),
    }
}

fn shares(out: &mut Vec<u8>, labels: &Labels, shares: &[f64]) {
    out.push(b'{');
    for (k, (field, share)) in labels.fields.iter().zip(shares).enumerate() {
        if k > 0 {
            out.push(b',');
        }
        out.extend_from_slice(field);
        number(out, *share);
    }
    out.push(b'}');
}

fn list(out: &mut Vec<u8>, count: usize, mut each: impl FnMut(&mut Vec<u8>, usize)) {
    out.push(b'[');
    for i in 0..count {
        if i > 0 {
            out.push(b',');
        }
        each(out, i);
    }
    out.push(b']');
}

/// MLflow's answer.
pub(crate) fn mlflow(out: &mut Vec<u8>, labels: Option<&Labels>, answers: &Answers, method: Method) {
    out.extend_from_slice(b"{\"predictions\": ");
    let rows = answers.predictions.len();
    match (method, labels) {
        (Method::Proba, Some(labels)) => {
            let classes = labels.values.len();
            list(out, rows, |out, row| shares(out, labels, &answers.probabilities[row * classes..(row + 1) * classes]));
        }
        _ => list(out, rows, |out, row| prediction(out, labels, answers.predictions[row])),
    }
    out.push(b'}');
}

/// Who answers.
pub(crate) struct Who<'a> {
    pub(crate) model: &'a str,
    pub(crate) version: &'a str,
    pub(crate) request: &'a str,
}

/// The answer of `/predict`.
pub(crate) fn own(out: &mut Vec<u8>, labels: Option<&Labels>, answers: &Answers, who: &Who<'_>) {
    for (name, value) in [("{\"model\":", who.model), (",\"version\":", who.version), (",\"request_id\":", who.request)]
    {
        out.extend_from_slice(name.as_bytes());
        text(out, value);
    }
    out.extend_from_slice(b",\"predictions\":");
    list(out, answers.predictions.len(), |out, row| {
        out.extend_from_slice(b"{\"prediction\":");
        prediction(out, labels, answers.predictions[row]);
        if let Some(labels) = labels.filter(|_| !answers.probabilities.is_empty()) {
            let classes = labels.values.len();
            out.extend_from_slice(b",\"probability\":");
            shares(out, labels, &answers.probabilities[row * classes..(row + 1) * classes]);
        }
        out.push(b'}');
    });
    out.push(b'}');
}

/// The datatype of an output in the Open Inference Protocol.
pub(crate) fn datatype(labels: Option<&Labels>, output: &str) -> &'static str {
    match labels {
        Some(labels) if output == PREDICTION => {
            if labels.texts.is_some() {
                "BYTES"
            } else {
                "INT64"
            }
        }
        _ => "FP64",
    }
}

/// The answer of the Open Inference Protocol: its JSON, and behind it the outputs that are asked for in bytes. Returns the
/// length of the JSON if there are such.
pub(crate) fn oip(
    out: &mut Vec<u8>,
    labels: Option<&Labels>,
    answers: &Answers,
    who: &Who<'_>,
    id: Option<&str>,
    outputs: &[Output],
) -> Option<usize> {
    let mut behind = Vec::new();
    for (name, value) in
        [("{\"model_name\":", Some(who.model)), (",\"model_version\":", Some(who.version)), (",\"id\":", id)]
    {
        if let Some(value) = value {
            out.extend_from_slice(name.as_bytes());
            text(out, value);
        }
    }
    out.extend_from_slice(b",\"outputs\":");
    let rows = answers.predictions.len();
    list(out, outputs.len(), |out, i| {
        let Output { name, binary } = outputs[i];
        let datatype = datatype(labels, name);
        let wide = name != PREDICTION;
        let classes = labels.map_or(0, |labels| labels.values.len());
        let width = answers.probabilities.len().checked_div(rows).unwrap_or(classes);
        let shape = if wide { format!("[{rows},{width}]") } else { format!("[{rows}]") };
        let _ = write!(out, "{{\"name\":\"{name}\",\"datatype\":\"{datatype}\",\"shape\":{shape}");
        let values = if wide { &answers.probabilities } else { &answers.predictions };
        if binary {
            let before = behind.len();
            values.iter().for_each(|value| raw(&mut behind, labels, datatype, *value));
            let _ = write!(out, ",\"parameters\":{{\"binary_data_size\":{}}}", behind.len() - before);
        } else {
            out.extend_from_slice(b",\"data\":");
            let labels = labels.filter(|_| !wide);
            list(out, values.len(), |out, i| prediction(out, labels, values[i]));
        }
        out.push(b'}');
    });
    out.push(b'}');
    let json = out.len();
    out.extend_from_slice(&behind);
    outputs.iter().any(|output| output.binary).then_some(json)
}

fn raw(out: &mut Vec<u8>, labels: Option<&Labels>, datatype: &str, value: f64) {
    match datatype {
        "INT64" => out.extend_from_slice(&(value as i64).to_le_bytes()),
        "BYTES" => {
            let place = labels.and_then(|labels| Some((labels.texts.as_ref()?, labels.place(value)?)));
            let text = place.and_then(|(texts, place)| texts.get(place)).map_or("", String::as_str);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        _ => out.extend_from_slice(&value.to_le_bytes()),
    }
}
