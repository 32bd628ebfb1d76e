//! Async cells and threads.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn cells_await_and_spawn() {
    let mut e = Engine::new();
    e.cells(&[
        "async fn double(x: i32) -> i32 { tokio::time::sleep(std::time::Duration::from_millis(1)).await; x * 2 }",
        "async fn parse(s: &str) -> std::result::Result<i32, std::num::ParseIntError> { s.parse() }",
        "let base = 20; let text = String::from(\"7\");",
    ]);
    e.gives("let a = double(base).await + 2; a", "42");
    e.gives("parse(&text).await? + a", "49");
    e.gives("let (x, y) = tokio::join!(double(1), async { base + parse(\"1\").await.unwrap() }); x + y", "23");
    e.cell("let early = double(4).await; parse(\"no\").await?;").fails(FailureKind::Error, &["invalid digit"]);
    e.gives("early + x", "10");
    e.cell("let before = double(1).await; panic!(\"in async\");").fails(FailureKind::Panic, &["in async"]);
    e.gives("before", "2");
    e.cells(&["let (send, recv) = std::sync::mpsc::channel::<i32>(); let (go, wait) = tokio::sync::oneshot::channel::<i32>();"]);
    e.cells(&["let task = tokio::spawn(async move { let n = wait.await.unwrap(); double(n).await }); tokio::task::yield_now().await;"]);
    e.cells(&["go.send(8).unwrap();"]);
    e.gives("task.await?", "16");
    e.cells(&["let worker = std::thread::spawn(move || { let mut sum = 0; for x in recv { sum += x; } sum });"]);
    e.cells(&["send.send(3)?; send.send(4)?;", "drop(send);"]);
    e.gives("worker.join().unwrap()", "7");
    e.cells(&["text = double(2).await.to_string();"]);
    e.gives("text", "\"4\"");
    e.gives(
        "let mut v = vec![1, 2, 3, 4]; std::thread::scope(|s| { for x in &mut v { s.spawn(move || *x *= 10); } }); v",
        "[10, 20, 30, 40]",
    );
    e.gives("let words = String::from(\"a b\"); let parts: Vec<&str> = words.split(' ').collect(); double(parts.len() as i32).await", "4").notes("`parts`");
    e.gives("let shout = async { words.to_uppercase() }; shout.await", "\"A B\"");
}
