//! Servers on threads of this process, for values that only this process can have.

use super::shown::{Place, Started};
use super::{Asked, Key, child, make_room, session};
use crate::background::Background;
use crate::cli::{self, Cli};
use crate::error::ServeError;
use crate::log::stamp;
use crate::model::Model;
use crate::running::{self, Entry};
use crate::served::Served;
use crate::server::ApiKey;
use clap::Parser as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// A server of this process.
struct Own {
    entry: Entry,
    server: Background,
}

static OWN: Mutex<Vec<Own>> = Mutex::new(Vec::new());

fn own() -> MutexGuard<'static, Vec<Own>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves a model, which answers when this returns. Its version is when it was served, unless there is a better one: a value
/// that is served again, and may be another, is told from the first in the log and the metrics.
pub(super) fn start(asked: &Asked, model: Box<dyn Model>, version: Option<&str>) -> Result<Started, ServeError> {
    if asked.keep {
        let flaw = "is of a type that only this session has, so that its server cannot go on without it\nleave out `--keep`, or serve a model of the library";
        return Err(ServeError::Unfit { flaw: flaw.to_owned() });
    }
    let words = ["serve", "own"].into_iter().chain(asked.options.iter().map(String::as_str));
    let wrong = |error: clap::Error| {
        let told = error.to_string();
        ServeError::Options { told: told.trim().trim_start_matches("error: ").to_owned() }
    };
    let args = Cli::try_parse_from(words).map_err(wrong)?.serve;
    let mut options = cli::options(&args)?;
    let made = (asked.key == Key::Fresh).then(child::fresh_key).transpose()?;
    match (&asked.key, &made) {
        (Key::Nothing, _) => options.key = None,
        (Key::Given(key), _) => {
            let told = |flaw| ServeError::Options { told: format!("the API key {flaw}") };
            options.key = Some(ApiKey::new(cli::sendable(key).map_err(told)?));
        }
        (_, Some(key)) => options.key = Some(ApiKey::new(key)),
        (_, None) => {}
    }
    let name = args.name().unwrap_or_else(|| child::name_of(&asked.what));
    let version = version.map_or_else(|| stamp(SystemTime::now()), str::to_owned);
    let served = Served::own(model, name, &version, args.extra())?;
    // The one before goes only for a model that can be served.
    let in_place = make_room(asked)?;
    let (key, example, log) = (options.key.is_some(), served.contract().example(), args.log());
    let report = Arc::new(|told: &str| cli::tell(&format!("%serve: {told}")));
    let server = Background::start(served, None, options, report)?;
    let entry = Entry {
        id: running::fresh_id(),
        pid: std::process::id(),
        name: name.to_owned(),
        version,
        source: asked.what.clone(),
        url: format!("http://{}", server.address()),
        key,
        log,
        example,
        session: Some(session()),
        kept: false,
        messages: None,
        directory: std::env::current_dir().unwrap_or_default(),
        started: running::now(),
    };
    own().push(Own { entry: entry.clone(), server });
    Ok(Started { entry, place: Place::Threads, key: made, in_place })
}

/// The servers of this process.
pub(super) fn list() -> Vec<Entry> {
    own().iter().map(|own| own.entry.clone()).collect()
}

/// Stops the server of this identity, if it is one of this process; whether it was.
pub(super) fn stop(id: &str) -> bool {
    let found = {
        let mut all = own();
        let place = all.iter().position(|own| own.entry.id == id);
        place.map(|place| all.remove(place))
    };
    // Without the lock: it can take a while.
    found.map(|own| own.server.stop()).is_some()
}

/// Stops all of them.
pub(super) fn stop_all() {
    let all = std::mem::take(&mut *own());
    all.into_iter().for_each(|own| own.server.stop());
}
