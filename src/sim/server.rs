//! The service on a real socket: HTTP/1.1 on loopback, with everything that can go wrong on the way.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    control::{control, is_control},
    fault::WireFault,
    service::SimService,
    wire::{SimRequest, SimResponse},
};

const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 64 * 1024;
const MOST_FIELDS: usize = 64;
const MOST_CONNECTIONS: usize = 256;
/// How long a connection may be silent between or within requests.
const SILENCE: Duration = Duration::from_secs(75);
/// How long a client may take to read its answer, beyond what a fault makes of it.
const SLOW_READER: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct SimServer {
    listener: TcpListener,
    addr: SocketAddr,
}

impl SimServer {
    /// Listens on 127.0.0.1; port 0 is any free one.
    ///
    /// # Errors
    /// The port is taken or forbidden.
    pub async fn bind(port: u16) -> io::Result<SimServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = listener.local_addr()?;
        Ok(SimServer { listener, addr })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client is configured with: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Serves until cancelled; then no connection is left.
    pub async fn serve(self, service: Arc<SimService>, cancel: CancellationToken) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let place = tokio::select! {
                () = cancel.cancelled() => break,
                place = places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let accepted = tokio::select! {
                () = cancel.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: a pause lets some of them go.
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = sleep(Duration::from_millis(50)) => continue,
                }
            };
            let (service, cancel) = (Arc::clone(&service), cancel.clone());
            connections.spawn(async move {
                let _place = place;
                tokio::select! {
                    () = cancel.cancelled() => {}
                    // A connection that breaks concerns nobody but its client.
                    _ = converse(stream, peer, &service) => {}
                }
            });
        }
        drop(self.listener);
        connections.shutdown().await;
    }
}

/// Answers one request after the other.
async fn converse(mut stream: TcpStream, peer: SocketAddr, service: &SimService) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let (mut request, keep_alive) = match timeout(SILENCE, read_request(&mut stream, &mut buffer)).await {
            Ok(Ok(Some(request))) => request,
            Ok(Ok(None)) | Err(_) => return Ok(()),
            Ok(Err(Bad::Io(e))) => return Err(e),
            Ok(Err(Bad::Status(status))) => {
                let head = head(status, &[], 0, false);
                stream.write_all(head.as_bytes()).await?;
                return stream.shutdown().await;
            }
        };
        request.peer = peer.ip().to_string();
        let response = if is_control(&request.path) {
            let (status, body) = control(service, &request);
            let headers = vec![("Content-Type".into(), "application/json".into())];
            SimResponse { status, headers, body: body.to_string().into_bytes(), delay: Duration::ZERO, wire: None }
        } else {
            service.handle(&request)
        };
        if !response.delay.is_zero() {
            sleep(response.delay).await;
        }
        let still_good = match response.wire {
            Some(fault) => spoil(&mut stream, fault, &response).await?,
            None => {
                let mut bytes = head(response.status, &response.headers, response.body.len(), keep_alive).into_bytes();
                bytes.extend_from_slice(&response.body);
                timeout(SLOW_READER, stream.write_all(&bytes)).await??;
                true
            }
        };
        if !(still_good && keep_alive) {
            return Ok(());
        }
    }
}

/// Sends the response as the fault has it. True where the connection can be used again.
async fn spoil(stream: &mut TcpStream, fault: WireFault, response: &SimResponse) -> io::Result<bool> {
    let head = head(response.status, &response.headers, response.body.len(), true);
    match fault {
        WireFault::Hang => {
            // Until the client gives up.
            let mut sink = [0u8; 1024];
            while stream.read(&mut sink).await? > 0 {}
            return Ok(false);
        }
        WireFault::Drip(pause) => {
            for byte in head.as_bytes().iter().chain(&response.body) {
                sleep(pause).await;
                stream.write_all(&[*byte]).await?;
            }
            return Ok(true);
        }
        WireFault::Reset => {
            // Closing with a lingering time of zero sends RST.
            stream.set_zero_linger()?;
            return Ok(false);
        }
        WireFault::Truncate => {
            stream.write_all(head.as_bytes()).await?;
            let half = response.body.get(..response.body.len() / 2).unwrap_or_default();
            stream.write_all(half).await?;
        }
        WireFault::Garbage => stream.write_all(&response.body).await?,
    }
    stream.shutdown().await?;
    Ok(false)
}

/// Why there is no request.
enum Bad {
    Io(io::Error),
    Status(u16),
}

impl From<io::Error> for Bad {
    fn from(e: io::Error) -> Self {
        Bad::Io(e)
    }
}

/// The next request and whether the connection stays open after it; `None` where the client is done. What was read
/// beyond it stays in `buffer`.
async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Result<Option<(SimRequest, bool)>, Bad> {
    let (mut request, keep_alive, head_len, body_len) = loop {
        if let Some(parsed) = parse_head(buffer)? {
            break parsed;
        }
        if buffer.len() >= MOST_HEAD {
            return Err(Bad::Status(431));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    while buffer.len() < head_len + body_len {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(head_len + body_len);
    request.body = std::mem::replace(buffer, rest).split_off(head_len);
    Ok(Some((request, keep_alive)))
}

/// A complete head: the request without its body, keep-alive, and the lengths of head and body.
fn parse_head(bytes: &[u8]) -> Result<Option<(SimRequest, bool, usize, usize)>, Bad> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let head_len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(n)) => n,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Bad::Status(431)),
        Err(_) => return Err(Bad::Status(400)),
    };
    let mut request = SimRequest::new(parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    for field in parsed.headers.iter() {
        request.headers.push((field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()));
    }
    if request.get("Transfer-Encoding").is_some() {
        return Err(Bad::Status(411));
    }
    let body_len = match request.get("Content-Length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(n)) if n <= MOST_BODY => n,
        Some(Ok(_)) => return Err(Bad::Status(413)),
        Some(Err(_)) => return Err(Bad::Status(400)),
    };
    let connection = request.get("Connection").unwrap_or_default().to_ascii_lowercase();
    let keep_alive = match parsed.version {
        Some(0) => connection.contains("keep-alive"),
        _ => !connection.contains("close"),
    };
    Ok(Some((request, keep_alive, head_len, body_len)))
}

fn head(status: u16, headers: &[(String, String)], length: usize, keep_alive: bool) -> String {
    let reason = match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    };
    let mut out = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers {
        out += &format!("{name}: {value}\r\n");
    }
    let connection = if keep_alive { "keep-alive" } else { "close" };
    out + &format!("Content-Length: {length}\r\nConnection: {connection}\r\n\r\n")
}

#[cfg(test)]
mod tests;
