//! A connection made: opened, introduced, and worked until it ends.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};
use tokio_postgres::{
    AsyncMessage, Connection, NoTls, Socket,
    config::{SslMode, TargetSessionAttrs},
    tls::TlsStream,
};

use super::{Link, Up};
use crate::{
    domain::BootId,
    store::{
        ServerPlace, StoreError,
        postgres::{
            clock::Sample,
            error,
            schema::{VERSION, ident},
        },
    },
};

/// What one tells oneself, to learn whether anything is heard at all.
const PROBE: &str = "probe";
/// It is heard within this, or nothing is.
const PROBED: Duration = Duration::from_secs(1);

impl Link {
    /// Connects, looks whether the schema is one that we know, and measures the clock.
    pub(super) async fn connect(
        self: &Arc<Self>,
        number: u64,
        limit: Duration,
    ) -> Result<(Up, impl Future<Output = String> + Send + use<>), StoreError> {
        let config = connection_config(&self.options);
        let failed = |e: &tokio_postgres::Error| error::explain(e, &self.place);
        let link = Arc::downgrade(self);
        let (client, mut driver) = match &self.tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await.map_err(|e| failed(&e))?;
                (client, Box::pin(drive(connection, link)) as Pin<Box<dyn Future<Output = String> + Send>>)
            }
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(|e| failed(&e))?;
                (client, Box::pin(drive(connection, link)) as _)
            }
        };
        let mut up = Up { client, number, poller: false, process: 0 };
        tokio::select! {
            biased;
            result = self.introduce(&mut up, limit) => result?,
            why = &mut driver => return Err(self.unreachable(&why)),
        }
        Ok((up, driver))
    }

    async fn introduce(&self, up: &mut Up, limit: Duration) -> Result<(), StoreError> {
        // That for long calls hears nothing.
        let listen = up.number > 0;
        let schema = ident(&self.options.schema);
        let failed = |e: tokio_postgres::Error| error::explain(&e, &self.place);
        // Answers count only when they are on the server's disk.
        let mut set = format!(
            "{}SET search_path = {schema}, pg_temp; SELECT set_config('synchronous_commit', 'on', false) WHERE \
             current_setting('synchronous_commit') = 'off';",
            limits(limit)
        );
        if listen {
            set += &format!("LISTEN {schema};");
        }
        up.client.batch_execute(&set).await.map_err(failed)?;
        if listen {
            self.probe(up).await?;
        }
        let sent = self.here();
        let rows = up.query("SELECT version, boot, mono, wall, poller, pg_backend_pid() FROM hello(NULL)", &[]).await;
        let received = self.here();
        let missing = |e: tokio_postgres::Error| match e.code().map(tokio_postgres::error::SqlState::code) {
            Some("42P01" | "42883" | "3F000" | "42501") => StoreError::Refused(format!(
                "{} has no store of this account for user {}: run 'ahtop store init', and grant {} to the user",
                self.place,
                self.options.url.user,
                self.options.schema.clone() + "_poller or _reader"
            )),
            _ => error::explain(&e, &self.place),
        };
        let rows = rows.map_err(missing)?;
        let row = rows.first().ok_or_else(|| StoreError::Corrupt(self.place.clone()))?;
        let version: i32 = row.try_get(0).map_err(failed)?;
        if version > VERSION {
            let known = u32::try_from(VERSION).unwrap_or(0);
            return Err(StoreError::Newer {
                path: self.place.clone().into(),
                found: u32::try_from(version).unwrap_or(0),
                known,
            });
        }
        if version < VERSION {
            return Err(StoreError::Refused(format!(
                "the store in {} is of an older version: run 'ahtop store migrate'",
                self.place
            )));
        }
        (up.poller, up.process) = (row.try_get(4).map_err(failed)?, row.try_get(5).map_err(failed)?);
        if let Some(clock) = &self.clock {
            let boot: &str = row.try_get(1).map_err(failed)?;
            let (mono, wall) = (row.try_get(2).map_err(failed)?, row.try_get(3).map_err(failed)?);
            clock.measured(&BootId(boot.into()), &Sample { sent, received, mono, wall });
        }
        Ok(())
    }

    /// Each connection has a process of the server for itself. Otherwise something in between gives one to several, and
    /// what a session holds (the lock of who polls, what it listens to) is not held.
    pub(super) async fn has_its_own_process(&self, up: &Up, other: &Up) -> Result<(), StoreError> {
        let rows = up.query("SELECT pg_backend_pid()", &[]).await.map_err(|e| error::explain(&e, &self.place))?;
        let process: i32 = rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default();
        if process == up.process && process != other.process { Ok(()) } else { Err(self.pooled()) }
    }

    pub(super) fn pooled(&self) -> StoreError {
        StoreError::Refused(format!(
            "{} is a pool that gives a connection for one transaction only, so that nobody could hold what only one may \
             have: name the server itself in [store] url, or let the pool give connections by session (pool_mode = \
             session in PgBouncer)",
            self.place
        ))
    }

    /// Behind a pool of connections nothing of what others write is heard.
    async fn probe(&self, up: &Up) -> Result<(), StoreError> {
        self.listens.store(false, Ordering::SeqCst);
        let params = [self.options.schema.as_str().into(), PROBE.into()];
        up.query("SELECT pg_notify($1, $2)", &params).await.map_err(|e| error::explain(&e, &self.place))?;
        let heard = async {
            while !self.listens() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PROBED, heard).await.is_err() {
            tracing::warn!("{}: notifications do not come through", self.place);
        }
        Ok(())
    }
}

/// What is said first on a connection whose statements may take as long as `limit`. Not with the connection itself: what
/// pools connections refuses settings there.
pub(in crate::store::postgres) fn limits(limit: Duration) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 5000;",
        limit.as_millis().saturating_sub(200),
        limit.as_millis() / 2
    )
}

/// How to connect.
pub(in crate::store::postgres) fn connection_config(options: &ServerPlace) -> tokio_postgres::Config {
    let (url, mut config) = (&options.url, tokio_postgres::Config::new());
    for (host, port) in &url.hosts {
        config.host(host).port(*port);
    }
    config
        .user(&url.user)
        .dbname(&url.database)
        .application_name("ahtop")
        .ssl_mode(if url.tls { SslMode::Require } else { SslMode::Disable })
        // A standby cannot keep the limit.
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(Duration::from_secs(3))
        .tcp_user_timeout(Duration::from_secs(5))
        .keepalives_idle(Duration::from_secs(5))
        .keepalives_interval(Duration::from_secs(2))
        .keepalives_retries(2);
    if let Some(password) = &options.password {
        config.password(password.expose_secret());
    }
    config
}

/// Works the connection until it ends; says why it did.
async fn drive<S>(mut connection: Connection<Socket, S>, link: Weak<Link>) -> String
where
    S: TlsStream + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notification(said))) => {
                let Some(link) = link.upgrade() else { continue };
                match said.payload() {
                    PROBE => link.listens.store(true, Ordering::SeqCst),
                    topic => link.hear(Some(topic)),
                }
            }
            Some(Ok(_)) => {}
            Some(Err(e)) => return error::cause(&e),
            None => return "the connection was closed".into(),
        }
    }
}
