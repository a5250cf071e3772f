-- Who may what. Each function that is called from outside runs with the rights of who made it, so that a role needs none
-- on the tables that it may change only in this way.
DO $$
DECLARE
    f regprocedure; name text;
    everybody text[] := ARRAY['hello', 'snapshot', 'history', 'want', 'want_again', 'wanted', 'instances', 'request_poll', 'post', 'usage',
        'lease_holder', 'overview', 'forget', 'events'];
    pollers text[] := ARRAY['permit', 'finish', 'land', 'hold', 'prune', 'take_requested_polls', 'lease', 'turn',
        'leave', 'stored_token', 'begin_generation', 'end_generation', 'token_invalidated', 'set_document', 'drop_posts',
        'remember', 'note', 'poller_lock'];
BEGIN
    FOR f, name IN SELECT p.oid::regprocedure, p.proname FROM pg_proc p WHERE p.pronamespace = '{schema_ident}'::regnamespace
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        IF name = ANY(everybody) OR name = ANY(pollers) THEN
            EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = {schema_ident}, pg_temp', f);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {poller}', f);
        END IF;
        IF name = ANY(everybody) THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {reader}', f);
        END IF;
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA {schema_ident} TO {poller}, {reader};
-- Everything but the token and the ledgers can be read.
GRANT SELECT ON about, boot, target, phrase, reading, latest, head, meta, event, document, post, instance, want, lease, readings
    TO {poller}, {reader};
