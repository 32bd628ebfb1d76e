//! Connections: accepted, kept, and ended in peace.

use super::patient::Patient;
use super::refusal::{Refusal, Words};
use super::state::Shared;
use crate::metrics::{Metrics, Route};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Bytes of a head at most, and of what is read at once.
const HEAD: usize = 64 << 10;
/// Pause when the system has no room for one more connection.
const PAUSE: Duration = Duration::from_millis(50);

/// The routes, as a connection calls them.
type Routes = TowerToHyperService<Router>;

/// Accepts connections until `stop` is there, then lets those end that are there, for `farewell` at most.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Shared,
    router: Router,
    most: usize,
    farewell: Duration,
    stop: impl Future<Output = ()>,
) {
    let (stopping, told) = watch::channel(false);
    let room = Arc::new(Semaphore::new(most));
    let mut stop = pin!(stop);
    let router = TowerToHyperService::new(router);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // No more descriptors, or a connection that was gone before it was accepted.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Small answers must not wait for a packet to fill. A failure costs speed only.
        let _ = stream.set_nodelay(true);
        let connection = serve(stream, Arc::clone(&shared), router.clone(), told.clone());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    shared.stopping.store(true, Ordering::Relaxed);
    // Without anybody who listens there is nobody to tell.
    let _ = stopping.send(true);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(farewell, room.acquire_many(all)).await;
}

async fn serve(stream: TcpStream, shared: Shared, router: Routes, mut told: watch::Receiver<bool>) {
    let _open = Gauge::of(&shared.metrics.connections);
    let unread = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, router) = (Arc::clone(&shared), router.clone());
        let request = request.map(|body| Watched { body, ended: false, unread: Arc::clone(&unread) });
        async move { Ok::<_, Infallible>(answer(&shared, router, request).await) }
    });
    let stream = Patient::new(stream, shared.limits.patience, Arc::clone(&unread));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.silence)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        // What has come is read before the connection is told to end.
        biased;
        ended = connection.as_mut() => Some(ended),
        _ = told.wait_for(|stopping| *stopping) => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        // What a connection ends with is the client's matter.
        let _ = connection.await;
    }
}

/// One more, until this goes: also when its client has gone and nothing is awaited any more.
struct Gauge<'a>(&'a AtomicI64);

impl<'a> Gauge<'a> {
    fn of(gauge: &'a AtomicI64) -> Gauge<'a> {
        gauge.fetch_add(1, Ordering::Relaxed);
        Gauge(gauge)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The status under which a request is counted whose client has left before its answer, as nginx counts it.
const LEFT: u16 = 499;

/// Counts a request when it is over, in whichever way.
struct Outcome<'a> {
    metrics: &'a Metrics,
    route: Route,
    status: u16,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        self.metrics.request(self.route, self.status);
    }
}

/// A body that notes whether it was read to its end.
struct Watched {
    body: Incoming,
    ended: bool,
    unread: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.ended |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.unread.store(!self.ended && !self.body.is_end_stream(), Ordering::Relaxed);
    }
}

/// Refuses or passes on, counts, and marks what goes out.
async fn answer(shared: &Shared, router: Routes, request: hyper::Request<Watched>) -> Response<Body> {
    let route = route(request.uri().path());
    let _in_flight = Gauge::of(&shared.metrics.in_flight);
    let mut outcome = Outcome { metrics: &shared.metrics, route, status: LEFT };
    let words = if request.uri().path().starts_with("/v2") { Words::Oip } else { Words::Mlflow };
    let mut response = match shared.guard.check(request.method(), request.uri(), request.headers()) {
        Err(refusal) => refusal.response(words),
        Ok(()) => {
            let called = router.call(request.map(Body::new));
            match AssertUnwindSafe(called).catch_unwind().await {
                Ok(Ok(response)) => response,
                _ => Refusal::Mistake.response(words),
            }
        }
    };
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = response.status().as_u16();
    outcome.status = status;
    if status == 500
        && let Some(before) = shared.failures.due()
    {
        let more = if before > 0 { format!(", {before} more since this was said last") } else { String::new() };
        (shared.report)(&format!("a request was answered with status 500{more}; its answer says why"));
    }
    response
}

fn route(path: &str) -> Route {
    match path {
        "/invocations" => Route::Invocations,
        "/predict" => Route::Predict,
        _ if path.ends_with("/infer") => Route::Infer,
        _ => Route::Other,
    }
}
