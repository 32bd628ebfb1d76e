//! A progress bar as a notebook shows it.

use ironbook_core::Bundle;
use ironbook_core::bundle::escape_html;
use ironbook_core::progress::State;

/// The MIME type of a bar's [`State`], for front ends that draw bars of their own.
pub const MIME: &str = "application/vnd.ironbook.progress+json";

/// The bar at this moment; `stopped` when its cell ended before it did.
pub fn bundle(state: &State, stopped: bool) -> Bundle {
    let words = words(state, stopped);
    let total = state.total.map(|total| format!(" max=\"{total}\" value=\"{}\"", state.done.min(total)));
    // Without a value the browser draws a bar that runs to and fro; what has ended is full.
    let early = state.finished && state.total.is_some_and(|total| state.done < total);
    let shown = total
        .unwrap_or_else(|| if state.finished || stopped { " max=\"1\" value=\"1\"".to_owned() } else { String::new() });
    let style = "width:min(24em,40%);accent-color:var(--jp-brand-color1,#1976d2)";
    // What ended before its last step, because it had converged for instance, is not on its way any more.
    let bar = if early { String::new() } else { format!("<progress{shown} style=\"{style}\"></progress>") };
    let html = format!(
        "<div style=\"display:flex;gap:.8em;align-items:center;flex-wrap:wrap;font-family:var(--jp-code-font-family,monospace);\
         font-size:var(--jp-code-font-size,13px);color:var(--jp-ui-font-color1,inherit)\"><span>{}</span>\
         {bar}<span>{}</span></div>",
        escape_html(&state.title),
        escape_html(&words),
    );
    let bundle = Bundle::text(format!("{}: {words}", state.title)).html(html);
    // A state is numbers and text: it is always JSON.
    match serde_json::to_value(state) {
        Ok(state) => bundle.with(MIME, state),
        Err(_) => bundle,
    }
}

/// `12/100 · 3.2 s · loss 0.31`.
fn words(state: &State, stopped: bool) -> String {
    let count = match state.total {
        Some(total) if state.finished && state.done < total => format!("ended after {} of {total}", state.done),
        Some(total) => format!("{}/{total}", state.done),
        None => state.done.to_string(),
    };
    let mut parts = vec![count, duration(state.elapsed_s)];
    if let Some(left) = left(state).filter(|_| !stopped) {
        parts.push(format!("{} left", duration(left)));
    }
    if !state.message.is_empty() {
        parts.push(state.message.clone());
    }
    if stopped {
        parts.push("stopped".to_owned());
    }
    parts.join(" · ")
}

fn left(state: &State) -> Option<f64> {
    let total = state.total.filter(|total| state.done > 0 && state.done < *total && !state.finished)?;
    Some(state.elapsed_s / state.done as f64 * (total - state.done) as f64).filter(|seconds| *seconds >= 1.0)
}

fn duration(seconds: f64) -> String {
    match seconds {
        0.0..60.0 => format!("{seconds:.1} s"),
        60.0..3600.0 => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0),
        _ => format!("{:.0} h {:02.0} min", (seconds / 3600.0).floor(), seconds % 3600.0 / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_in_words_and_as_html() {
        let state = State {
            id: 1,
            title: "fit <b>".into(),
            done: 25,
            total: Some(100),
            message: "loss 0.3".into(),
            elapsed_s: 10.0,
            finished: false,
        };
        let shown = bundle(&state, false);
        assert_eq!(shown.plain(), "fit <b>: 25/100 · 10.0 s · 30.0 s left · loss 0.3");
        let html = shown.data["text/html"].as_str().unwrap();
        assert!(html.contains("fit &lt;b&gt;") && html.contains("max=\"100\" value=\"25\""), "{html}");
        assert!(bundle(&state, true).plain().ends_with("loss 0.3 · stopped"));
        let done = State { done: 100, finished: true, elapsed_s: 75.0, ..state };
        assert_eq!(bundle(&done, false).plain(), "fit <b>: 100/100 · 1 min 15 s · loss 0.3");
        let early = bundle(&State { done: 4, ..done }, false);
        assert_eq!(early.plain(), "fit <b>: ended after 4 of 100 · 1 min 15 s · loss 0.3");
        assert!(!early.data["text/html"].as_str().unwrap().contains("<progress"));
    }
}
