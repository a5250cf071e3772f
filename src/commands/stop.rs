//! The signals that end a command.

use std::{future::Future, pin::Pin};

use tokio::signal::unix::{self, SignalKind};

/// Waits for SIGINT, SIGTERM or SIGHUP and gives its number. They are caught from this call on, and not only from the
/// first look at what it returns: a program that is started meanwhile would outlive us. Where no handler can be had it
/// waits forever, and the system's own handling ends the process.
pub(crate) fn signal() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let handlers: Result<Vec<_>, _> = kinds.into_iter().map(signal_of).collect();
    let Ok(handlers) = handlers else { return Box::pin(std::future::pending()) };
    let waiting = handlers.into_iter().map(|(number, mut stream)| {
        Box::pin(async move {
            stream.recv().await;
            number
        })
    });
    let first = futures::future::select_all(waiting);
    Box::pin(async move { first.await.0 })
}

fn signal_of(kind: SignalKind) -> std::io::Result<(u8, unix::Signal)> {
    Ok((u8::try_from(kind.as_raw_value()).unwrap_or(u8::MAX), unix::signal(kind)?))
}
