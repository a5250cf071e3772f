//! The suite that every store passes, by a given time; and what is the server's own.

mod encryption;
mod failover;
mod faults;
mod migration;
mod pools;
mod roles;
mod together;

use std::sync::atomic::AtomicU32;

use secrecy::ExposeSecret;

use super::{test_server::TestServer, *};
use crate::{
    config::PostgresUrl,
    domain::{ManualClock, SystemClock},
    store::{
        conformance::{World, conformance_tests},
        parts::Layer,
        *,
    },
};

/// What is heard from the server comes a moment later than what is asked of it: before it is looked at, one question more.
struct Heard(PostgresStore);

impl StoreState for Heard {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn version(&self) -> Result<u64, StoreError> {
        self.0.link.query("SELECT 1", vec![])?;
        self.0.version()
    }
}

impl Layer for Heard {
    fn pass<T>(&self, mut call: impl FnMut(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        call(&self.0)
    }
}

/// How long a call may take where no server is silent: a busy machine is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A fresh account on the server.
fn account(url: &str) -> ServerPlace {
    static MANY: AtomicU32 = AtomicU32::new(0);
    let schema = format!("test_{}", MANY.fetch_add(1, Ordering::SeqCst));
    let url = PostgresUrl::parse(url.strip_prefix("postgres://").unwrap()).unwrap();
    ServerPlace { url, password: None, ca_file: None, schema }
}

/// Opens the store, with patience.
fn opened(place: ServerPlace) -> Result<PostgresStore, StoreError> {
    PostgresStore::open_within(place, Arc::new(SystemClock::new()), PATIENCE)
}

/// A world on the server. Where there is none it is in memory: the suite knows no test that is left out, and what is
/// skipped was said when the server was looked for.
fn world() -> World {
    let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_770_000_000).unwrap()));
    let Some(server) = TestServer::shared() else {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
        return World { clock, open: Box::new(move || store.clone()), keep: Box::new(()) };
    };
    let (options, admin) = made(&server);
    admin.take_given_time();
    let time = clock.clone();
    let open =
        move || -> Arc<dyn Store> { Arc::new(Heard(PostgresStore::with_time(options.clone(), time.clone()).unwrap())) };
    World { clock, open: Box::new(open), keep: Box::new(server) }
}

/// A fresh account with a store, and its administrator.
fn made(server: &TestServer) -> (ServerPlace, Admin) {
    let options = account(&server.url());
    let admin = Admin::connect(options.clone()).unwrap();
    admin.init().unwrap();
    (options, admin)
}

fn me(id: &str) -> Instance {
    Instance { id: id.into(), pid: 7, host: "host".into(), role: crate::store::Role::Dashboard }
}

mod conformance_suite {
    use super::*;
    conformance_tests!(world);
}
