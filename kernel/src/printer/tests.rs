//! What reaches iopub, in which order and how often.

use super::*;
use crate::hub::Outlets;

/// Prints all of these as one cell; kinds and contents of what is published.
async fn published_of(prints: Vec<Print>) -> Vec<(String, Value)> {
    let (hub, Outlets { mut iopub, .. }) = Hub::new("");
    let hub = Arc::new(hub);
    let (sender, receiver) = mpsc::channel(10_000);
    for print in prints {
        sender.send(print).await.unwrap();
    }
    drop(sender);
    let printing = Printer::new(Arc::clone(&hub), None).run(receiver);
    tokio::pin!(printing);
    let mut messages = Vec::new();
    loop {
        tokio::select! {
            Some(message) = iopub.recv() => messages.push(message),
            () = &mut printing => break,
        }
    }
    while let Ok(message) = iopub.try_recv() {
        messages.push(message);
    }
    let read = |message| {
        let message = hub.wire.read(message).unwrap();
        (message.header.msg_type, message.content)
    };
    messages.into_iter().map(read).collect()
}

fn request() -> Arc<Incoming> {
    let wire = crate::wire::Wire::new("");
    Arc::new(wire.read(wire.write(&[], &Draft::new("execute_request", &json!({}), json!({})))).unwrap())
}

fn cell(events: impl IntoIterator<Item = Event>) -> Vec<Print> {
    let begin = Print::Begin { request: request(), quiet: false, count: 7 };
    let events = events.into_iter().map(Print::Event);
    std::iter::once(begin).chain(events).chain([Print::End]).collect()
}

fn out(text: &str) -> Event {
    Event::Stdout(text.to_owned())
}

fn shown(text: &str, update: bool) -> Event {
    Event::Display { bundle: Bundle::text(text), id: Some("d".to_owned()), update }
}

fn bar(done: u64, finished: bool) -> Event {
    Event::Progress(State {
        id: 1,
        title: "fit".into(),
        done,
        total: Some(9),
        message: String::new(),
        elapsed_s: 0.0,
        finished,
    })
}

fn kinds(published: &[(String, Value)]) -> Vec<&str> {
    published.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn text_is_joined_and_keeps_its_place() {
    let events = [out("a"), out("b"), Event::Stderr("e".into()), out("c"), Event::Result(Bundle::text("42"))];
    let published = published_of(cell(events)).await;
    let texts: String = published.iter().filter_map(|(_, content)| content["text"].as_str()).collect();
    assert_eq!(texts, "abec");
    assert_eq!(published.last().unwrap().1["execution_state"], "idle");
    assert_eq!(published[published.len() - 2].1["execution_count"], 7);
    let lines: Vec<Event> = (0..5000).map(|_| out("x\n")).collect();
    let messages = published_texts(lines).await;
    assert_eq!(messages.concat().len(), 10_000);
    assert!(messages.len() < 20, "{} messages", messages.len());
}

async fn published_texts(events: Vec<Event>) -> Vec<String> {
    published_of(cell(events)).await.iter().filter_map(|(_, c)| c["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn updates_are_few_and_the_last_one_is_shown() {
    let updates = (0..1000).map(|number| shown(&number.to_string(), true));
    let published = published_of(cell(std::iter::once(shown("start", false)).chain(updates))).await;
    let last = &published[published.len() - 2];
    assert_eq!((last.0.as_str(), &last.1["data"]["text/plain"]), ("update_display_data", &json!("999")));
    assert_eq!(last.1["transient"]["display_id"], "d");
    assert!(published.len() < 10, "{:?}", kinds(&published));
}

#[tokio::test]
async fn a_bar_is_one_display_and_final() {
    let published = published_of(cell([bar(1, false), bar(2, false), bar(9, true)])).await;
    assert_eq!(kinds(&published), ["status", "display_data", "update_display_data", "status"]);
    assert!(published[2].1["data"]["text/plain"].as_str().unwrap().contains("9/9"));
    let stopped = published_of(cell([bar(1, false)])).await;
    assert!(stopped[2].1["data"]["text/plain"].as_str().unwrap().ends_with("stopped"));
}

#[tokio::test]
async fn a_quiet_cell_shows_nothing_and_another_request_repeats_busy() {
    let quiet = vec![
        Print::Begin { request: request(), quiet: true, count: 1 },
        Print::Code("1".into()),
        Print::Event(out("x")),
        Print::Event(shown("y", false)),
        Print::Aside { parent: json!({"msg_id": "other"}), done: false },
        Print::Aside { parent: json!({"msg_id": "other"}), done: true },
        Print::End,
    ];
    let states: Vec<Value> =
        published_of(quiet).await.into_iter().map(|(_, content)| content["execution_state"].clone()).collect();
    assert_eq!(states, ["busy", "busy", "idle", "busy", "idle"]);
}
