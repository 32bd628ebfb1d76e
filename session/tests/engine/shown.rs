//! Values of users' own types show themselves: by the library's `Display`, by evcxr's convention, alone and in containers.

use super::Engine;
use ironbook_core::Bundle;
use ironbook_session::{Event, ExecuteOptions, Source};

/// What a cell shows, results and displays alike, and what it prints besides.
fn shown(e: &mut Engine, text: &str) -> (Vec<Bundle>, String) {
    let (mut bundles, mut printed) = (Vec::new(), String::new());
    let mut out = |event: Event| match event {
        Event::Result(bundle) | Event::Display { bundle, .. } => bundles.push(bundle),
        Event::Stdout(text) => printed.push_str(&text),
        _ => {}
    };
    let execution = e.session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut out);
    assert!(execution.status.is_ok(), "{text}\n{:?}", execution.status);
    (bundles, printed)
}

#[test]
fn a_display_of_ones_own_works_alone_and_in_containers() {
    let mut e = Engine::new();
    e.cells(&[
        "struct City { name: String }",
        "impl ironbook::Display for City { fn bundle(&self) -> Bundle { Bundle::text(&self.name).html(format!(\"<b>{}</b>\", self.name)) } }",
        "let city = City { name: \"Kyiv\".into() }; let list = vec![City { name: \"Oslo\".into() }]; let maybe = Some(City { name: \"Rome\".into() });",
        "let bad: std::result::Result<City, std::num::ParseIntError> = \"x\".parse::<i32>().map(|_| City { name: String::new() });",
    ]);
    for (cell, html) in [
        ("city", "<b>Kyiv</b>"),
        ("&city", "<b>Kyiv</b>"),
        ("Box::new(&city)", "<b>Kyiv</b>"),
        ("list", "<b>Oslo</b>"),
        ("list.iter().collect::<Vec<_>>()", "<b>Oslo</b>"),
        ("maybe", "<b>Rome</b>"),
        ("maybe.as_ref().ok_or(\"none\")", "<b>Rome</b>"),
        ("bad", "Err: invalid digit found in string</pre>"),
        ("std::rc::Rc::new(3)", ""),
    ] {
        let (bundles, _) = shown(&mut e, cell);
        let found = bundles.first().and_then(|bundle| bundle.get("text/html")).unwrap_or_default();
        assert!(found.contains(html), "{cell} gives {bundles:?}");
    }
}

#[test]
fn values_show_themselves_as_they_would_to_evcxr() {
    let mut e = Engine::new();
    e.cells(&[
        "#[derive(Debug)] struct Dot(u8); #[derive(Debug)] struct Plain(u8);",
        "impl Dot { pub fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT text/html\\n<i>{}</i>\\nEVCXR_END_CONTENT\", self.0); } }",
        "let dot = Dot(7); let plain = Plain(1);",
    ]);
    for cell in ["dot", "Dot(7)", "print!(\"a\"); Dot(7)"] {
        let (bundles, printed) = shown(&mut e, cell);
        assert_eq!(bundles.len(), 1, "{cell} gives {bundles:?}");
        assert_eq!(bundles[0].get("text/html"), Some("<i>7</i>"));
        assert_eq!((bundles[0].plain(), printed.replace('a', "").as_str()), ("<text/html>", ""));
    }
    e.gives("plain", "Plain(1)");
    e.gives("(dot.0, Plain(2))", "(7, Plain(2))");
    // The change of a method is seen where a value is shown.
    e.cells(&["impl Dot { pub fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT text/plain\\n.\\nEVCXR_END_CONTENT\"); } }"]);
    assert_eq!(shown(&mut e, "Dot(7)").0[0].plain(), ".");
    let printed = "for i in 0..2 { println!(\"EVCXR_BEGIN_CONTENT image/png\\niVBORw0=\\nEVCXR_END_CONTENT\"); println!(\"{i}\") }";
    let (bundles, printed) = shown(&mut e, printed);
    assert_eq!((bundles.len(), printed.as_str()), (2, "0\n1\n"));
}

#[test]
fn a_live_display_is_one_output_and_ends_with_its_last_state() {
    let mut e = Engine::new();
    let (mut first, mut updates, mut last) = (0, 0, String::new());
    let mut out = |event: Event| {
        if let Event::Display { bundle, id: Some(_), update } = event {
            *(if update { &mut updates } else { &mut first }) += 1;
            last = bundle.plain().to_owned();
        }
    };
    let text = "let mut live = Live::at_once(); let began = std::time::Instant::now(); let mut n = 0u64;\n\
                while began.elapsed().as_millis() < 550 { n += 1; live.update(|| Markdown::new(n.to_string())); }\n\
                live.end(|| Markdown::new(\"done\"));";
    let execution = e.session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut out);
    assert!(execution.status.is_ok(), "{:?}", execution.status);
    assert_eq!((first, last.as_str()), (1, "done"));
    assert!((1..=7).contains(&updates), "{updates} updates in about half a second");
    let (bundles, _) = shown(
        &mut e,
        "let mut live = Live::new(); live.update(|| Markdown::new(\"x\")); live.end(|| Markdown::new(\"x\"));",
    );
    assert!(bundles.is_empty(), "short work shows nothing: {bundles:?}");
}
