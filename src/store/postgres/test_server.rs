//! A private PostgreSQL server for tests, started from the installed programs in a temporary directory: on a socket
//! there, and on a port of this machine. It ends with the process that started it, however that ends.

use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
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

/// The harness shows the output of failed tests alone.
pub(crate) fn say_past_the_harness(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn succeeds(command: &mut Command) {
    let made = command.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A directory of the user that the server runs as.
fn own_dir() -> TempDir {
    let dir = TempDir::new().unwrap();
    if let Some((uid, gid)) = other_user() {
        chown(dir.path(), Some(uid), Some(gid)).unwrap();
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// A pool of connections, until this is dropped.
pub(crate) struct Pool(Child);

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server.
pub(crate) struct TestServer {
    dir: TempDir,
    /// Where its programs are.
    bin: PathBuf,
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
    let dir = found.into_iter().rev().find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists())?;
    // Somebody may have linked some of them; all are where they come from.
    fs::canonicalize(dir.join("postgres")).ok()?.parent().map(Path::to_owned)
}

impl TestServer {
    /// Starts a server, or says in one line that there is none.
    ///
    /// # Panics
    /// Where `AHTOP_REQUIRE_POSTGRES` is set and there is none.
    pub(crate) fn start() -> Option<TestServer> {
        let Some(bin) = programs() else {
            assert!(env::var_os("AHTOP_REQUIRE_POSTGRES").is_none(), "PostgreSQL is not installed");
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| {
                say_past_the_harness(
                    "skipped: tests of the store on PostgreSQL, which is not installed (apt-get install postgresql)",
                );
            });
            return None;
        };
        let dir = own_dir();
        let data = dir.path().join("data");
        let mut initdb = as_other_user(&bin.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--no-sync", "--no-instructions", "--encoding=UTF8"]);
        succeeds(initdb.args(["--locale=C", "-D"]).arg(&data).current_dir(dir.path()));
        // Over the network a password is asked for.
        let rules = "local all all trust\nhost all postgres 127.0.0.1/32 trust\n\
                     host replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n\
                     host all all ::1/128 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), rules).unwrap();
        Some(TestServer::in_dir(dir, bin))
    }

    /// Starts what is in `dir`.
    fn in_dir(dir: TempDir, bin: PathBuf) -> TestServer {
        let data = dir.path().join("data");
        let port = free_port();
        let server = as_other_user(&bin.join("postgres"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(dir.path()).arg(server.get_program()).args(server.get_args());
        keeper.arg("-D").arg(&data).arg("-k").arg(dir.path()).args(["-p", &port.to_string()]);
        // A process that is killed loses nothing of what it gave to the system: to wait for the disk shows nothing here.
        keeper.args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100"]);
        let keeper = keeper.stdin(Stdio::piped()).current_dir(dir.path()).spawn().unwrap();
        let server = TestServer { dir, bin, port, keeper: Mutex::new(keeper) };
        server.begin();
        server
    }

    /// A standby that hears of this server through `port`.
    pub(crate) fn standby(&self, port: u16) -> TestServer {
        let dir = own_dir();
        let mut copy = as_other_user(&self.bin.join("pg_basebackup"));
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-c", "fast", "-X", "stream", "-R", "--no-sync", "-p"]);
        succeeds(copy.arg(port.to_string()).arg("-D").arg(dir.path().join("data")).current_dir(dir.path()));
        TestServer::in_dir(dir, self.bin.clone())
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        let mut promote = as_other_user(&self.bin.join("pg_ctl"));
        succeeds(promote.args(["promote", "-w", "-D"]).arg(self.dir.path().join("data")).current_dir(self.dir.path()));
    }

    /// Speaks TLS from now on, with this certificate and key.
    pub(crate) fn encrypt(&self, certificate: &Path, key: &Path) {
        let data = self.dir.path().join("data");
        for (from, to) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = data.join(to);
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((uid, gid)) = other_user() {
                chown(&to, Some(uid), Some(gid)).unwrap();
            }
        }
        let mut config = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        writeln!(config, "ssl = on").unwrap();
        let mut reload = as_other_user(&self.bin.join("pg_ctl"));
        succeeds(reload.args(["reload", "-D"]).arg(&data).current_dir(self.dir.path()));
        let begun = Instant::now();
        while !self.speaks_tls() {
            assert!(begun.elapsed() < Duration::from_secs(60), "no TLS");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks as a client does before it begins with TLS.
    fn speaks_tls(&self) -> bool {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
        let mut answer = [0];
        stream.read_exact(&mut answer).is_ok_and(|()| answer == *b"S")
    }

    /// PgBouncer before this server, on `port`; `None`, and a line, where it is not installed.
    pub(crate) fn pool(&self, mode: &str, port: u16) -> Option<Pool> {
        let program = Path::new("/usr/sbin/pgbouncer");
        if !program.exists() {
            say_past_the_harness(
                "skipped: a test of pools of connections, since PgBouncer is not installed (apt-get install pgbouncer)",
            );
            return None;
        }
        let config = self.dir.path().join(format!("{mode}.ini"));
        let text = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nauth_type = any\npool_mode = {mode}\nunix_socket_dir =\n",
            self.port
        );
        fs::write(&config, text).unwrap();
        let mut pool = as_other_user(program);
        let pool = pool.arg("-q").arg(&config).stderr(Stdio::null()).current_dir(self.dir.path()).spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "PgBouncer does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Some(Pool(pool))
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
            assert!(begun.elapsed() < Duration::from_secs(60), "it lives on");
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
            let ready = fs::read_to_string(&pid)
                .is_ok_and(|text| text.lines().any(|line| ["ready", "standby"].contains(&line.trim())));
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
