//! A store of an older version becomes what a new one is.

use super::*;

/// What a schema holds beside its tables' rows: definitions, and who may what, without the schema's own name.
fn contents(admin: &Admin, schema: &str) -> Vec<String> {
    let sql = format!(
        "SELECT pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') FROM pg_proc p
            WHERE p.pronamespace = '{schema}'::regnamespace
        UNION ALL SELECT pg_get_viewdef(c.oid) || coalesce(c.relacl::text, '') FROM pg_class c
            WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'v'
        UNION ALL SELECT c.relname || ' ' || coalesce(c.relacl::text, '') || coalesce((
                SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull, ',' ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0), '') FROM pg_class c
            WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r'
        ORDER BY 1"
    );
    admin.rows(&sql).iter().map(|text| text.replace(schema, "SCHEMA")).collect()
}

#[test]
fn what_is_migrated_is_what_is_made() {
    let Some(server) = TestServer::shared() else { return };
    let ((fresh, admin), (old, _)) = (made(&server), made(&server));
    // As versions before were: other parameters, another result, a function that is not used any more, and one that is
    // missing.
    for sql in [
        "DROP FUNCTION {0}.want_again(text, text, bigint)",
        "DROP FUNCTION {0}.label_of(bigint, text, text)",
        "CREATE FUNCTION {0}.label_of(p_pid bigint, p_role text) RETURNS text LANGUAGE sql AS $$ SELECT 'pid' $$",
        "CREATE FUNCTION {0}.leave(at text, p_id text, p_pid bigint, p_role text, p_wants boolean, p_locked boolean) \
         RETURNS void LANGUAGE sql AS $$ SELECT $$",
        "DROP FUNCTION {0}.hello(text)",
        "CREATE FUNCTION {0}.hello(at text) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$",
        "CREATE OR REPLACE FUNCTION {0}.tell(about text) RETURNS void LANGUAGE sql AS $$ SELECT $$",
        "REVOKE SELECT ON {0}.reading FROM {0}_reader",
        "UPDATE {0}.about SET version = 1",
    ] {
        admin.sql(&sql.replace("{0}", &old.schema));
    }
    assert_ne!(contents(&admin, &fresh.schema), contents(&admin, &old.schema));
    for _ in 0..2 {
        Admin::connect(old.clone()).unwrap().migrate().unwrap();
        assert_eq!(contents(&admin, &fresh.schema), contents(&admin, &old.schema));
    }
    let store = opened(old).unwrap();
    assert!(store.lease(&me("one"), Duration::from_secs(9)).unwrap().mine);
    assert_eq!(store.events(Duration::from_secs(60)).unwrap().len(), 1);
}
