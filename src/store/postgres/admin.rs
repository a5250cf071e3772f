//! What an administrator does: makes the store of an account.

use tokio_postgres::{Client, NoTls};

use super::{
    error,
    link::{Options, connection_config},
    schema::Names,
    tls::Tls,
};
use crate::store::StoreError;

/// A connection that expects no store yet.
pub struct Admin {
    runtime: tokio::runtime::Runtime,
    client: Client,
    options: Options,
}

impl Admin {
    /// Connects.
    ///
    /// # Errors
    /// Whatever is in the way.
    pub fn connect(options: Options) -> Result<Admin, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| StoreError::Other(format!("no thread for the store: {e}")))?;
        let config = connection_config(&options, std::time::Duration::from_secs(60));
        let place = options.url.place();
        let failed = |e: tokio_postgres::Error| error::explain(&e, &place);
        let client = if options.url.tls {
            let tls = Tls::new(options.ca_file.as_deref()).map_err(StoreError::Refused)?;
            let (client, connection) = runtime.block_on(config.connect(tls)).map_err(failed)?;
            runtime.spawn(connection);
            client
        } else {
            let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(failed)?;
            runtime.spawn(connection);
            client
        };
        Ok(Admin { runtime, client, options })
    }

    fn names(&self) -> Names {
        Names { schema: self.options.schema.clone() }
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        let result = self.runtime.block_on(self.client.batch_execute(sql));
        result.map_err(|e| error::explain(&e, &self.options.url.place()))
    }

    /// Makes the roles, where they are missing, and the store: all or nothing.
    ///
    /// # Errors
    /// Where there is one already, or the user may not.
    pub fn init(&self) -> Result<(), StoreError> {
        let names = self.names();
        self.run(&format!("BEGIN;\n{}{}COMMIT;", names.roles(), names.make()))
    }

    /// Lets the store take its time from who calls it, as the tests of a store need it.
    #[cfg(test)]
    pub(super) fn take_given_time(&self) {
        self.sql(&format!("UPDATE {}.about SET manual = true", super::schema::ident(&self.options.schema)));
    }

    #[cfg(test)]
    pub(super) fn sql(&self, sql: &str) {
        self.run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}
