//! Takes connections, bounds each in time and size, and hands their requests over.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::AsyncWriteExt,
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    bind::Bound,
    bind::Stream,
    routes::{Routes, Streams},
    stall::Stalling,
};

/// Connections that are told that there is no room, at the same time; others beyond them are just closed.
const MOST_REFUSED: usize = 16;
/// A request's head: its size, its fields, and how long it may take; a connection may also rest for so long.
const MOST_HEAD: usize = 16 * 1024;
const MOST_FIELDS: usize = 64;
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a client may read nothing of what is sent to it.
const STALL: Duration = Duration::from_secs(10);
/// A connection is closed after this long, when its last answer is complete, or after [`LAST`] at the latest. One that
/// follows the wallboard lasts.
const LIFE: Duration = Duration::from_secs(60);
const LAST: Duration = Duration::from_secs(10);

/// What a client gets that there is no room for.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// The listener at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    task: Option<JoinHandle<Bound>>,
    cancel: CancellationToken,
}

impl Server {
    /// Begins to answer on `bound`.
    pub fn start(bound: Bound, options: Options) -> Server {
        let cancel = CancellationToken::new();
        let routes = Arc::new(Routes::new(options));
        let task = tokio::spawn(accept(bound, routes, cancel.clone()));
        Server { task: Some(task), cancel }
    }

    /// Ends every connection and gives back the socket. `None`: the listener died.
    pub async fn stop(mut self) -> Option<Bound> {
        self.cancel.cancel();
        match self.task.take()?.await {
            Ok(bound) => Some(bound),
            Err(e) => {
                tracing::error!("the listener ended unexpectedly: {e}");
                None
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

async fn accept(bound: Bound, routes: Arc<Routes>, cancel: CancellationToken) -> Bound {
    let refusals = Arc::new(Semaphore::new(MOST_REFUSED));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            accepted = bound.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok(stream) => stream,
            Err(e) => {
                // Out of file descriptors, most likely: a pause lets some of them go.
                tracing::debug!("a client could not be taken: {e}");
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = sleep(Duration::from_millis(50)) => continue,
                }
            }
        };
        if let Ok(place) = routes.places.clone().try_acquire_owned() {
            let routes = routes.clone();
            connections.spawn(async move {
                let _place = place;
                // A connection that breaks concerns nobody but its client.
                if let Err(e) = converse(stream, &routes).await {
                    tracing::debug!("a client's connection ended: {e}");
                }
            });
        } else if let Ok(refusal) = refusals.clone().try_acquire_owned() {
            connections.spawn(async move {
                let _refusal = refusal;
                let _ = timeout(Duration::from_secs(1), refuse(stream)).await;
            });
        }
    }
    connections.shutdown().await;
    bound
}

async fn refuse(mut stream: Box<dyn Stream>) -> io::Result<()> {
    stream.write_all(NO_ROOM).await?;
    stream.shutdown().await
}

/// Answers one request after the other.
async fn converse(stream: Box<dyn Stream>, routes: &Routes) -> Result<(), hyper::Error> {
    let stream = TokioIo::new(Stalling::new(stream, STALL));
    let streams = Streams::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(streams.clone());
        routes.answer(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MOST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = sleep(LIFE) => connection.as_mut().graceful_shutdown(),
    }
    if streams.0.load(Ordering::Relaxed) {
        return connection.await;
    }
    timeout(LAST, connection).await.unwrap_or(Ok(()))
}
