//! A way to a server that tests can cut, and freeze, or that is long.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Between a store and its server, on a port of its own: as a network that is cut, or passes on nothing.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<ProxyState>,
}

#[derive(Default)]
struct ProxyState {
    frozen: AtomicBool,
    closed: AtomicBool,
    let_through: AtomicU32,
    /// Both ends of all connections.
    open: Mutex<Vec<TcpStream>>,
    /// How long each way takes.
    delay: Duration,
}

impl ProxyState {
    /// Passes on what comes, each piece a `delay` later: what comes behind it is under way meanwhile.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let (enter, leave) = mpsc::channel::<(Instant, Vec<u8>)>();
        let delay = self.delay;
        thread::spawn(move || {
            for (entered, piece) in leave {
                thread::sleep((entered + delay).saturating_duration_since(Instant::now()));
                if to.write_all(&piece).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            while self.frozen.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
            if enter.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                break;
            }
        }
    }

    fn cut(&self) {
        for end in self.open.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// Leads to the port `to` of this machine.
    pub(crate) fn start(to: u16) -> Proxy {
        Proxy::slow(to, Duration::ZERO)
    }

    /// The same, over a way that takes `delay` in each direction.
    pub(crate) fn slow(to: u16, delay: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(ProxyState { delay, ..ProxyState::default() });
        let all = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(there) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let _ = (client.set_nodelay(true), there.set_nodelay(true));
                let ends = [(&client, &there), (&there, &client)];
                let ends = ends.map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()));
                all.open.lock().unwrap().extend([client, there]);
                // Behind that, so that none is left out.
                if all.closed.load(Ordering::SeqCst) {
                    all.cut();
                    continue;
                }
                all.let_through.fetch_add(1, Ordering::SeqCst);
                for (from, to) in ends {
                    let all = all.clone();
                    thread::spawn(move || all.pump(from, to));
                }
            }
        });
        Proxy { port, state }
    }

    /// Whether anything is passed on. Nothing is lost.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.state.frozen.store(frozen, Ordering::SeqCst);
    }

    /// How many connections were let through.
    pub(crate) fn let_through(&self) -> u32 {
        self.state.let_through.load(Ordering::SeqCst)
    }

    /// Ends all connections, and lets none through until it is opened again.
    pub(crate) fn close(&self, closed: bool) {
        self.state.closed.store(closed, Ordering::SeqCst);
        if closed {
            self.state.cut();
        }
    }
}
