//! [`HttpTransport`] against small servers that behave in all the ways in which servers do.

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::api::{
    Auth, HttpError, HttpOptions, HttpTransport, Method, NetworkError, Request, Response, Route, Transport,
    TransportError,
};

const LONG: Duration = Duration::from_secs(60);

fn options(url: impl AsRef<str>, timeout: Duration) -> HttpOptions {
    let base_url = url.as_ref().parse().unwrap();
    HttpOptions { base_url, connect_timeout: LONG, timeout, ca_file: None, user_agent: "ahtop/test".into() }
}

fn request(method: Method) -> Request {
    let auth = Auth::Bearer("sesame".to_owned().into());
    Request { route: Route::Aht, method, auth, body: r#"{"userName":"acme","agentId":"A-1"}"#.into() }
}

/// What a server saw: the number of the connection and the request as text.
type Seen = mpsc::UnboundedReceiver<(usize, String)>;

/// A server that reads requests and answers each by `answer`, which says whether the connection goes on.
async fn serve<F, R>(answer: F) -> (String, Seen)
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = Option<TcpStream>> + Send,
    F: Sync,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, seen) = mpsc::unbounded_channel();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            number += 1;
            let (answer, tell) = (answer.clone(), tell.clone());
            tokio::spawn(async move {
                while let Some(text) = read_request(&mut stream).await {
                    let _ = tell.send((number, text));
                    match answer(stream).await {
                        Some(s) => stream = s,
                        None => return,
                    }
                }
            });
        }
    });
    (url, seen)
}

/// One request with its body, by its `content-length`.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 1024];
        let n = stream.read(&mut buffer).await.ok().filter(|&n| n > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..n]).ok()?);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
    }
}

/// Answers with these bytes and keeps the connection.
async fn fixed(answer: &'static str) -> (String, Seen) {
    serve(move |mut stream| async move {
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(stream)
    })
    .await
}

async fn send(url: String, timeout: Duration) -> Result<Response, TransportError> {
    HttpTransport::new(&options(url, timeout)).unwrap().send(request(Method::Post)).await
}

fn network(result: Result<Response, TransportError>) -> NetworkError {
    match result {
        Err(TransportError::Network(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_arrive_whole_by_both_methods_over_one_connection() {
    let (url, mut seen) = fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\n{}").await;
    let transport = HttpTransport::new(&options(format!("{url}/"), LONG)).unwrap();
    for (method, line) in [(Method::Post, "POST /ca_apis/aht HTTP/1.1"), (Method::Get, "GET /ca_apis/aht HTTP/1.1")] {
        let response = transport.send(request(method)).await.unwrap();
        let wait = Some(Duration::from_secs(7));
        assert_eq!(response, Response { status: 200, retry_after: wait, body: b"{}".to_vec() });
        let (connection, text) = seen.recv().await.unwrap();
        assert_eq!(connection, 1);
        assert!(text.starts_with(line), "{text}");
        assert!(text.ends_with("\r\n\r\n{\"userName\":\"acme\",\"agentId\":\"A-1\"}"), "{text}");
        for header in ["authorization: Bearer sesame", "content-type: application/json", "user-agent: ahtop/test"] {
            assert!(text.contains(&format!("\r\n{header}\r\n")), "{header} in {text}");
        }
    }
    let auth = Auth::ApiKey("key".to_owned().into());
    transport.send(Request { route: Route::GenerateToken, auth, ..request(Method::Post) }).await.unwrap();
    let (connection, text) = seen.recv().await.unwrap();
    assert_eq!(connection, 1);
    assert!(text.starts_with("POST /ca_apis/CAToken/generateToken HTTP/1.1"), "{text}");
    assert!(text.to_ascii_lowercase().contains("\r\napikey: key\r\n") && !text.contains("authorization"), "{text}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut there) = fixed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let (url, mut here) = serve(move |mut stream| {
        let answer = format!("HTTP/1.1 307 Moved\r\nlocation: {elsewhere}/\r\ncontent-length: 0\r\n\r\n");
        async move {
            stream.write_all(answer.as_bytes()).await.ok()?;
            Some(stream)
        }
    })
    .await;
    assert_eq!(send(url, LONG).await.unwrap().status, 307);
    assert!(here.try_recv().is_ok() && there.try_recv().is_err());
}

#[tokio::test]
async fn a_huge_body_is_cut_announced_or_not() {
    let (url, _) = fixed("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").await;
    assert_eq!(send(url, LONG).await, Err(TransportError::TooLarge { status: 200 }));
    let (url, _) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 503 No\r\nconnection: close\r\n\r\n").await.ok()?;
        while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        None
    })
    .await;
    assert_eq!(send(url, LONG).await, Err(TransportError::TooLarge { status: 503 }));
    let (url, _) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await.ok()?;
        stream.write_all(&vec![b' '; Response::MAX_BODY]).await.ok()?;
        None
    })
    .await;
    assert_eq!(send(url, LONG).await.unwrap().body.len(), Response::MAX_BODY);
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_left_in_time() {
    let short = Duration::from_millis(200);
    let (url, _) = serve(|stream| async move {
        std::future::pending::<()>().await;
        Some(stream)
    })
    .await;
    assert_eq!(network(send(url, short).await), NetworkError::Timeout(short));
    // Each byte comes soon; all of them would take for ever.
    let (url, _) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n").await.ok()?;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    })
    .await;
    assert_eq!(network(send(url, short).await), NetworkError::Timeout(short));
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_from_one_that_never_was() {
    for part in ["", "HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n{"] {
        let (url, mut seen) = serve(move |mut stream| async move {
            stream.write_all(part.as_bytes()).await.ok()?;
            // Closing with a zero linger time sends a reset.
            stream.set_zero_linger().ok()?;
            None
        })
        .await;
        let error = network(send(url, LONG).await);
        assert!(matches!(error, NetworkError::Broken(_)), "{error:?}");
        assert!(!error.to_string().contains("sesame"));
        assert!(seen.recv().await.is_some());
        assert!(seen.try_recv().is_err(), "asked again without a permit");
    }
    // The system gives this port to nobody who asks for any, so that no other test listens there.
    let error = network(send("http://127.0.0.1:1".into(), LONG).await);
    assert_eq!(error, NetworkError::Connect("connection refused".into()));
}

#[tokio::test]
async fn a_server_that_speaks_no_http_is_broken() {
    let (url, _) = fixed("220 smtp.example ESMTP\r\n").await;
    assert!(matches!(network(send(url, LONG).await), NetworkError::Broken(_)));
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Closed with something unread, the connection would be reset, and the answer perhaps lost.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let transport = HttpTransport::new(&HttpOptions { ca_file: Some(ca_file()), ..options(url, LONG) }).unwrap();
    let error = network(transport.send(request(Method::Post)).await);
    assert!(matches!(error, NetworkError::Tls(_)), "{error:?}");
}

fn ca_file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src", "api", "tests", "data", "ca.pem"].iter().collect()
}

/// A TLS server with a certificate of the authority in `data/ca.pem`, for as many connections.
fn tls_server(connections: usize) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = rustls::pki_types::CertificateDer::from(&include_bytes!("data/server-cert.der")[..]);
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(&include_bytes!("data/server-key.der")[..]);
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key.into()).unwrap();
    let (config, listener) = (Arc::new(config), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (mut tcp, _) = listener.accept().unwrap();
            let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::Stream::new(&mut session, &mut tcp);
            let mut buffer = [0; 2048];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
            let _ = stream.flush();
        }
    });
    url
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_its_file_alone() {
    let url = tls_server(2);
    let with_file = HttpOptions { ca_file: Some(ca_file()), ..options(url.clone(), LONG) };
    let response = HttpTransport::new(&with_file).unwrap().send(request(Method::Post)).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, &b"{}"[..]));
    match HttpTransport::new(&options(url, LONG)) {
        Ok(transport) => {
            let error = network(transport.send(request(Method::Post)).await);
            assert!(matches!(error, NetworkError::Tls(_)), "{error:?}");
        }
        // A machine without any authority says so at once.
        Err(error) => assert!(matches!(error, HttpError::Setup(_)), "{error:?}"),
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told() {
    let options = HttpOptions { ca_file: Some(ca_file()), ..options("https://no-such-host.invalid", LONG) };
    let transport = HttpTransport::new(&options).unwrap();
    let error = network(transport.send(request(Method::Post)).await);
    // Behind a proxy it is the proxy that finds no such name.
    let proxied =
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().any(|v| std::env::var_os(v).is_some());
    assert!(proxied || error == NetworkError::Dns("no-such-host.invalid".into()), "{error:?}");
}

#[tokio::test]
async fn plain_http_goes_to_this_machine_wherever_localhost_leads() {
    let (url, mut seen) = fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let url = url.replace("127.0.0.1", "localhost");
    let far = |_: &str| Ok(vec![([192, 0, 2, 7], 0).into()]);
    let transport = HttpTransport::looking_up(&options(url.clone(), LONG), far).unwrap();
    let error = network(transport.send(request(Method::Post)).await);
    assert_eq!(error, NetworkError::Elsewhere("localhost".into(), [192, 0, 2, 7].into()));
    let told = "not sent: localhost leads to 192.0.2.7, and plain http is for this machine alone: correct /etc/hosts, or \
                use https";
    assert_eq!(error.to_string(), told);
    assert!(seen.try_recv().is_err());
    // The address in between counts for nothing.
    let both = |_: &str| Ok(vec![([192, 0, 2, 7], 0).into(), ([127, 0, 0, 1], 0).into()]);
    let transport = HttpTransport::looking_up(&options(url.clone(), LONG), both).unwrap();
    assert_eq!(transport.send(request(Method::Post)).await.unwrap().status, 200);
    assert!(seen.try_recv().is_ok());
    let none = |_: &str| Ok(vec![]);
    let transport = HttpTransport::looking_up(&options(url, LONG), none).unwrap();
    assert!(matches!(network(transport.send(request(Method::Post)).await), NetworkError::Connect(_)));
}

/// Runs itself in a process with a proxy, because the environment belongs to the whole process.
#[tokio::test]
async fn the_proxy_of_the_system_is_used_but_never_for_loopback() {
    const CHILD: &str = "AHTOP_TEST_DIRECT_URL";
    if let Ok(direct) = std::env::var(CHILD) {
        assert_eq!(send(direct, LONG).await.unwrap().body, b"{}");
        let far = HttpOptions { ca_file: Some(ca_file()), ..options("https://api.invalid", LONG) };
        let error = network(HttpTransport::new(&far).unwrap().send(request(Method::Post)).await);
        assert!(matches!(error, NetworkError::Connect(_)), "{error:?}");
        return;
    }
    let (direct, mut asked) = fixed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let (proxy, mut tunnels) = fixed("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "api::tests::http::the_proxy_of_the_system_is_used_but_never_for_loopback"]);
    for name in ["NO_PROXY", "no_proxy", "https_proxy", "http_proxy", "all_proxy"] {
        child.env_remove(name);
    }
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        child.env(name, &proxy);
    }
    let output = child.env(CHILD, direct).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(asked.try_recv().is_ok());
    let (_, tunnel) = tunnels.try_recv().unwrap();
    assert!(tunnel.starts_with("CONNECT api.invalid:443 "), "{tunnel}");
    assert!(!tunnel.contains("sesame") && tunnels.try_recv().is_err());
}

#[test]
fn a_file_without_certificates_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), PathBuf::from("/no/such/file.pem")] {
        let options = HttpOptions { ca_file: Some(path.clone()), ..options("https://api.example", LONG) };
        let error = HttpTransport::new(&options).unwrap_err();
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
    let endless = HttpOptions { ca_file: Some("/dev/zero".into()), ..options("https://api.example", LONG) };
    let error = HttpTransport::new(&endless).unwrap_err().to_string();
    assert!(error.ends_with("/dev/zero: it is not a regular file"), "{error}");
}
