//! What an administrator does: makes the store of an account.

use tokio_postgres::{Client, NoTls};

use super::{
    error,
    link::connect::{connection_config, limits},
    schema::{Names, VERSION, ident},
    tls::Tls,
};
use crate::store::{ServerPlace, StoreError};

/// A connection that expects no store yet.
pub struct Admin {
    runtime: tokio::runtime::Runtime,
    client: Client,
    options: ServerPlace,
}

impl Admin {
    /// Connects.
    ///
    /// # Errors
    /// Whatever is in the way.
    pub fn connect(options: ServerPlace) -> Result<Admin, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Other(format!("no thread for the store: {e}")))?;
        let config = connection_config(&options);
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
        let admin = Admin { runtime, client, options };
        admin.run(&limits(std::time::Duration::from_secs(60)))?;
        Ok(admin)
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
        self.sql(&format!("UPDATE {}.about SET manual = true", ident(&self.options.schema)));
    }

    /// The version of the store there; `None` where there is none.
    pub fn version(&self) -> Result<Option<i32>, StoreError> {
        let place = self.options.url.place();
        let failed = |e: tokio_postgres::Error| error::explain(&e, &place);
        let about = format!("{}.about", ident(&self.options.schema));
        let there = self.runtime.block_on(
            self.client
                .query_typed("SELECT to_regclass($1) IS NOT NULL", &[(&about, tokio_postgres::types::Type::TEXT)]),
        );
        if !there.map_err(failed)?.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
            return Ok(None);
        }
        let sql = format!("SELECT version FROM {about}");
        let rows = self.runtime.block_on(self.client.query_typed(&sql, &[])).map_err(failed)?;
        rows.first().map(|row| row.try_get(0)).transpose().map_err(failed)
    }

    /// Brings the store to the newest version: its functions and grants are made anew. All or nothing.
    ///
    /// # Errors
    /// Where there is none, or a newer one, or the user may not.
    pub fn migrate(&self) -> Result<(), StoreError> {
        let place = self.options.url.place();
        match self.version()? {
            None => Err(StoreError::Refused(format!("{place} has no store of this account: run 'ahtop store init'"))),
            Some(found) if found > VERSION => Err(StoreError::Newer {
                path: place.into(),
                found: u32::try_from(found).unwrap_or(0),
                known: u32::try_from(VERSION).unwrap_or(0),
            }),
            Some(_) => {
                let names = self.names();
                self.run(&format!("BEGIN;\n{}{}COMMIT;", names.roles(), names.renew()))
            }
        }
    }

    /// The only column, a text, of all rows.
    #[cfg(test)]
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        let rows = self.runtime.block_on(self.client.query(sql, &[])).unwrap_or_else(|e| panic!("{sql}: {e}"));
        rows.iter().map(|row| row.get(0)).collect()
    }

    #[cfg(test)]
    pub(super) fn sql(&self, sql: &str) {
        self.run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}
