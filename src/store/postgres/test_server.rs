//! A private PostgreSQL server for tests, started from the installed programs in a temporary directory: on a socket
//! there, and on a port of this machine. It ends with the process that started it, however that ends.

use std::{
    env, fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// What the tests of the server log in with.
pub(crate) const PASSWORD: &str = "as good as any";
/// Started by a line `start`, killed by `kill`; the end of its input is the end of the server and its files.
const KEEPER: &str = r#"
trap '' INT HUP TERM
dir=$1; shift
while read -r word; do
    case $word in
        start) "$@" >>"$dir/log" 2>&1 </dev/null & pid=$! ;;
        kill) kill -9 "$pid"; wait "$pid" 2>/dev/null ;;
        stop) kill -STOP "$pid" ;;
        end) break ;;
    esac
done
kill -QUIT "$pid" 2>/dev/null; wait "$pid" 2>/dev/null
rm -rf "$dir/data"
"#;

/// A running server.
pub(crate) struct TestServer {
    dir: TempDir,
    pub(crate) port: u16,
    keeper: Mutex<Child>,
}

/// The user that the server runs as, where this process is root: it refuses to be.
fn other_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].into_iter().find_map(|name| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn as_other_user(program: &Path) -> Command {
    match other_user() {
        None => Command::new(program),
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .args(["--clear-groups", "--"])
                .arg(program);
            command
        }
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin"));
    let mut found: Vec<PathBuf> = debian.collect();
    found.sort();
    found.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    found.into_iter().rev().find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists())
}

impl TestServer {
    /// Starts a server, or says in one line that there is none.
    ///
    /// # Panics
    /// Where `AHTOP_REQUIRE_POSTGRES` is set and there is none.
    pub(crate) fn start() -> Option<TestServer> {
        let Some(bin) = programs() else {
            assert!(env::var_os("AHTOP_REQUIRE_POSTGRES").is_none(), "PostgreSQL is not installed");
            // Past the test harness, which shows the output of failed tests alone.
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| {
                let _ = std::io::stderr().write_all(
                    b"skipped: tests of the store on PostgreSQL, which is not installed (apt-get install postgresql)\n",
                );
            });
            return None;
        };
        let dir = TempDir::new().unwrap();
        if let Some((uid, gid)) = other_user() {
            chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = dir.path().join("data");
        let made = as_other_user(&bin.join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--no-sync", "--no-instructions", "--encoding=UTF8"])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Over the network a password is asked for.
        let rules =
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), rules).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = as_other_user(&bin.join("postgres"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(dir.path()).arg(server.get_program()).args(server.get_args());
        keeper.arg("-D").arg(&data).arg("-k").arg(dir.path()).args(["-p", &port.to_string()]);
        // A process that is killed loses nothing of what it gave to the system: to wait for the disk shows nothing here.
        keeper.args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100"]);
        let keeper = keeper.stdin(Stdio::piped()).current_dir(dir.path()).spawn().unwrap();
        let server = TestServer { dir, port, keeper: Mutex::new(keeper) };
        server.begin();
        Some(server)
    }

    /// One server for all tests that run at the same time.
    pub(crate) fn shared() -> Option<Arc<TestServer>> {
        static SHARED: Mutex<Weak<TestServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(TestServer::start()?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn say(&self, word: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    /// Kills it as a power failure would.
    pub(crate) fn kill(&self) {
        self.say("kill");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it lives on");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it, again and again while what is left of a killed one is in the way, and waits until it answers.
    pub(crate) fn begin(&self) {
        let begun = Instant::now();
        let pid = self.dir.path().join("data/postmaster.pid");
        self.say("start");
        let mut said = Instant::now();
        loop {
            let ready = fs::read_to_string(&pid).is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"));
            if ready && TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{}",
                fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
            );
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            if said.elapsed() > Duration::from_secs(1)
                && log.lines().last().is_some_and(|line| line.contains("HINT") || line.contains("FATAL"))
            {
                self.say("start");
                said = Instant::now();
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// For an administrator, over the socket.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@/postgres?host={}:{}", self.dir.path().display(), self.port)
    }

    /// The same as other programs write it.
    pub(crate) fn socket(&self) -> String {
        format!("host={} port={} user=postgres dbname=postgres", self.dir.path().display(), self.port)
    }

    /// Over the network, as `user` and through `port`.
    pub(crate) fn tcp_url(&self, user: &str, port: u16) -> String {
        format!("postgres://{user}@127.0.0.1:{port}/postgres")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(keeper.stdin.take());
        let _ = keeper.wait();
    }
}

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
}

impl ProxyState {
    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            while self.frozen.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state: Arc<ProxyState> = Arc::default();
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

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        self.state.cut();
    }

    /// Ends all connections, and lets none through until it is opened again.
    pub(crate) fn close(&self, closed: bool) {
        self.state.closed.store(closed, Ordering::SeqCst);
        if closed {
            self.state.cut();
        }
    }
}
