//! The schema of one account: made, looked at, and brought to the newest version.

use crate::store::LONGEST_BLOCK;

/// The newest version that this program knows.
pub(super) const VERSION: i32 = 5;

const TABLES: &str = include_str!("sql/tables.sql");
const FUNCTIONS: &str = include_str!("sql/functions.sql");
const GRANTS: &str = include_str!("sql/grants.sql");

/// Drops all functions.
const DROP: &str = "DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = '{schema_ident}'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION %s', f);
    END LOOP;
END $$;
";

/// What an account's schema and roles are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The schema; the channel of its notifications has the same name.
    pub schema: String,
}

impl Names {
    /// Who may poll.
    pub fn poller(&self) -> String {
        format!("{}_poller", self.schema)
    }

    /// Who may only look.
    pub fn reader(&self) -> String {
        format!("{}_reader", self.schema)
    }

    /// Makes functions and grants anew, one process at a time. What there was before goes first: a function could not
    /// get other parameters or another result, and one that is not used any more would stay.
    pub(super) fn renew(&self) -> String {
        let schema = ident(&self.schema);
        let rest = [FUNCTIONS, GRANTS].map(|sql| self.fill(sql)).join("\n");
        format!(
            "SET LOCAL search_path = {schema}, pg_temp;\nLOCK TABLE about;\n{}{rest}UPDATE about SET version = \
             {VERSION};\n",
            self.fill(DROP)
        )
    }

    fn fill(&self, sql: &str) -> String {
        sql.replace("{schema_ident}", &ident(&self.schema))
            .replace("{version}", &VERSION.to_string())
            .replace("{longest_block}", &LONGEST_BLOCK.as_millis().to_string())
            .replace("{schema}", &self.schema.replace('\'', "''"))
            .replace("{channel}", &self.schema.replace('\'', "''"))
            .replace("{poller}", &ident(&self.poller()))
            .replace("{reader}", &ident(&self.reader()))
    }

    /// Makes the two roles where they are missing. Nobody logs in as one of them: they are granted to those who do.
    pub fn roles(&self) -> String {
        [self.poller(), self.reader()]
            .map(|role| {
                format!(
                    "DO $$ BEGIN\n    IF NOT EXISTS(SELECT 1 FROM pg_roles WHERE rolname = '{}') THEN\n        CREATE \
                     ROLE {} NOLOGIN;\n    END IF;\nEND $$;\n",
                    role.replace('\'', "''"),
                    ident(&role)
                )
            })
            .concat()
    }

    /// Makes the schema with its tables, functions and grants.
    pub fn make(&self) -> String {
        let schema = ident(&self.schema);
        let rest = [TABLES, FUNCTIONS, GRANTS].map(|sql| self.fill(sql)).join("\n");
        format!("CREATE SCHEMA {schema};\nSET LOCAL search_path = {schema}, pg_temp;\n{rest}")
    }
}

/// `name` as an identifier in SQL.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_wherever_they_stand() {
        let names = Names { schema: "ahtop_a-b".into() };
        assert_eq!((ident("a\"b"), names.poller()), ("\"a\"\"b\"".into(), "ahtop_a-b_poller".into()));
        let sql = names.make() + &names.roles();
        assert!(sql.contains("CREATE SCHEMA \"ahtop_a-b\";") && sql.contains("'\"ahtop_a-b\"'::regnamespace"), "{sql}");
        assert!(
            !sql.contains("{schema")
                && !sql.contains("{longest")
                && !sql.contains("{poller}")
                && !sql.contains("{channel}")
        );
    }
}
