//! Connections: accepted, kept, and ended in peace.

use super::patient::Patient;
use super::refusal::{Refusal, Words};
use super::state::Shared;
use crate::metrics::Route;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// How long a head may take to come, and a connection be silent.
const SILENCE: Duration = Duration::from_secs(75);
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
    shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, router) = (Arc::clone(&shared), router.clone());
        async move { Ok::<_, Infallible>(answer(&shared, router, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(Patient::new(stream, shared.limits.patience)), service);
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
    shared.metrics.connections.fetch_sub(1, Ordering::Relaxed);
}

/// Refuses or passes on, counts, and marks what goes out.
async fn answer(shared: &Shared, router: Routes, request: hyper::Request<Incoming>) -> Response<Body> {
    let route = route(request.uri().path());
    shared.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
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
    shared.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
    shared.metrics.request(route, status);
    if status == 500 {
        (shared.report)("a request was answered with status 500; its answer says why");
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
