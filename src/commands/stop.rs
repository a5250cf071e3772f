//! The signals that end a command.

use tokio::signal::unix::{self, SignalKind};

/// Waits for SIGINT, SIGTERM or SIGHUP and gives its number. Where no handler can be had it waits forever, and the
/// system's own handling ends the process.
pub(crate) async fn signal() -> u8 {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let handlers: Result<Vec<_>, _> = kinds.into_iter().map(signal_of).collect();
    let Ok(mut handlers) = handlers else { return std::future::pending().await };
    let waiting = handlers.iter_mut().map(|(number, stream)| {
        let number = *number;
        Box::pin(async move {
            stream.recv().await;
            number
        })
    });
    futures::future::select_all(waiting).await.0
}

fn signal_of(kind: SignalKind) -> std::io::Result<(u8, unix::Signal)> {
    Ok((u8::try_from(kind.as_raw_value()).unwrap_or(u8::MAX), unix::signal(kind)?))
}
