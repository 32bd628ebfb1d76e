//! Requests on their way: some threads answer them, so that one that takes long keeps no other waiting.

use lsp_server::{ErrorCode, Message, RequestId, Response};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many requests are answered at the same time.
const THREADS: usize = 6;
/// The stack of a thread that parses; memory is committed when it is touched.
const STACK: usize = 64 << 20;

type Send = Arc<dyn Fn(Message) + std::marker::Send + Sync>;
type Job = (RequestId, Box<dyn FnOnce() -> Response + std::marker::Send>);

/// The requests that have no answer yet, and the threads that answer them.
pub struct Desk {
    jobs: Sender<Job>,
    open: Arc<Mutex<HashSet<RequestId>>>,
    send: Send,
}

impl Desk {
    /// Starts the threads; they end when the desk is dropped and all is answered.
    pub fn start(send: impl Fn(Message) + std::marker::Send + Sync + 'static) -> Desk {
        let (jobs, received) = channel::<Job>();
        let received = Arc::new(Mutex::new(received));
        let open = Arc::new(Mutex::new(HashSet::new()));
        let send: Send = Arc::new(send);
        for _ in 0..THREADS {
            let (received, open, send) = (Arc::clone(&received), Arc::clone(&open), Arc::clone(&send));
            let thread = std::thread::Builder::new().name("answers".to_owned()).stack_size(STACK);
            drop(thread.spawn(move || work(&received, &open, &send)));
        }
        Desk { jobs, open, send }
    }

    /// Has a request answered.
    pub fn take(&self, id: RequestId, answer: impl FnOnce() -> Response + std::marker::Send + 'static) {
        lock(&self.open).insert(id.clone());
        // The threads live as long as the desk.
        let _ = self.jobs.send((id, Box::new(answer)));
    }

    /// Answers a request that the editor needs no more; nothing if it has its answer.
    pub fn cancel(&self, id: &RequestId) {
        if lock(&self.open).remove(id) {
            let code = ErrorCode::RequestCanceled as i32;
            (self.send)(Message::Response(Response::new_err(id.clone(), code, "cancelled by the editor".to_owned())));
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(received: &Mutex<Receiver<Job>>, open: &Mutex<HashSet<RequestId>>, send: &Send) {
    loop {
        let next = lock(received).recv();
        let Ok((id, answer)) = next else { return };
        if !lock(open).contains(&id) {
            continue;
        }
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(answer));
        let words = || "the server failed at this request; it goes on with others".to_owned();
        let response =
            found.unwrap_or_else(|_| Response::new_err(id.clone(), ErrorCode::InternalError as i32, words()));
        if lock(open).remove(&id) {
            send(Message::Response(response));
        }
        // The parser would keep all that was ever parsed here.
        ironbook_session::parse::forget_texts();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn code(message: &Message) -> Option<i32> {
        let Message::Response(response) = message else { return None };
        serde_json::to_value(response).ok()?["error"]["code"].as_i64().and_then(|code| i32::try_from(code).ok())
    }

    #[test]
    fn what_was_parsed_for_an_answer_is_not_kept() {
        let (sender, told) = channel();
        let sender = Mutex::new(sender);
        let desk = Desk::start(move |message| drop(lock(&sender).send(message)));
        // Of so many, one thread answers two.
        let places = (0..=THREADS).map(|number| {
            let id = RequestId::from(i32::try_from(number).unwrap());
            let of = id.clone();
            desk.take(id, move || {
                let name = syn::parse_str::<syn::Ident>("name").unwrap();
                Response::new_ok(of, format!("{:?}", name.span()))
            });
            let Message::Response(response) = told.recv().unwrap() else { panic!("no response") };
            serde_json::to_value(response).unwrap()["result"].clone()
        });
        let places: Vec<serde_json::Value> = places.collect();
        assert!(places[0].is_string() && places.iter().all(|place| *place == places[0]), "{places:?}");
    }

    #[test]
    fn what_waits_is_cancelled_and_what_panics_is_answered() {
        let (sender, told) = channel();
        let sender = Mutex::new(sender);
        let desk = Desk::start(move |message| drop(lock(&sender).send(message)));
        let (go, gone) = channel::<()>();
        let id = |number: i32| RequestId::from(number);
        desk.take(id(1), move || {
            gone.recv().unwrap();
            Response::new_ok(id(1), ())
        });
        desk.take(id(2), || panic!("on purpose"));
        assert_eq!(code(&told.recv().unwrap()), Some(ErrorCode::InternalError as i32));
        desk.cancel(&id(1));
        assert_eq!(code(&told.recv().unwrap()), Some(ErrorCode::RequestCanceled as i32));
        go.send(()).unwrap();
        desk.cancel(&id(1));
        desk.take(id(3), move || Response::new_ok(id(3), ()));
        let last = told.recv().unwrap();
        assert!(matches!(&last, Message::Response(response) if response.id == id(3)), "{last:?}");
    }
}
