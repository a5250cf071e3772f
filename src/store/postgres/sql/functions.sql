-- What the program asks for, one statement a call. Every function that writes takes its row locks in the order gate,
-- permit, token, lease, head, and reads the clock behind the first of them.

-- The time: the server's, on a clock that never runs back. `at` is a clock of the caller's, which only tests may have.
CREATE FUNCTION moment_of(at text) RETURNS moment LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    a about; g gate; ms bigint;
BEGIN
    SELECT * INTO a FROM about;
    IF at IS NOT NULL THEN
        IF NOT a.manual THEN
            RAISE EXCEPTION 'this store has a clock of its own';
        END IF;
        RETURN ((at::jsonb)->>0, ((at::jsonb)->>1)::bigint, ((at::jsonb)->>2)::bigint)::moment;
    END IF;
    SELECT * INTO g FROM gate;
    ms := floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    RETURN (a.epoch, greatest(ms - g.base, g.last), ms)::moment;
END $$;

-- What a client needs to know of the server: the time, what it speaks to, and whether its role may poll.
CREATE FUNCTION hello(at text)
RETURNS TABLE(version integer, boot text, mono bigint, wall bigint, poller boolean) LANGUAGE sql VOLATILE AS $$
    SELECT a.version, n.boot, n.mono, n.wall,
        has_function_privilege(session_user, 'stored_token()', 'EXECUTE')
    FROM about a, moment_of(at) n
$$;

-- The server and its timeline, as far as it tells. After a fail-over it is another one, and the last commits may be
-- missing there.
CREATE FUNCTION place_now() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    server text := ''; timeline text := '';
BEGIN
    BEGIN
        SELECT system_identifier::text INTO server FROM pg_control_system();
    EXCEPTION WHEN OTHERS THEN server := '';
    END;
    BEGIN
        timeline := substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8);
    EXCEPTION WHEN OTHERS THEN timeline := '';
    END;
    RETURN server || ' ' || timeline;
END $$;

CREATE FUNCTION tell(about text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_notify('{channel}', about);
END $$;

CREATE FUNCTION age_of(n moment, p_boot text, p_mono bigint, p_wall bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_boot = (n).boot THEN greatest(0, (n).mono - p_mono)
        ELSE greatest(0, (n).wall - p_wall, (n).mono) END
$$;

-- Whether something is no older than `span`. What is of an earlier boot is at least as old as this boot.
CREATE FUNCTION is_young(n moment, span bigint, p_boot text, p_mono bigint, p_wall bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_boot = (n).boot THEN p_mono >= (n).mono - span
        ELSE (n).mono <= span AND p_wall >= (n).wall - span END
$$;

CREATE FUNCTION note(p_boot text, p_mono bigint, p_wall bigint, p_kind text, p_who text, p_text text)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number bigint;
BEGIN
    UPDATE head SET event = event + 1 RETURNING event INTO number;
    INSERT INTO event VALUES(number, p_boot, p_mono, p_wall, p_kind, p_who, p_text);
    DELETE FROM event WHERE id <= number - 10000;
    PERFORM tell('event');
END $$;

-- An event of this moment, in words of our own.
CREATE FUNCTION happened(n moment, p_kind text, p_who text, p_text text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT note((n).boot, (n).mono, (n).wall, p_kind, p_who, json_build_array(json_build_object('own', p_text))::text)
$$;

CREATE FUNCTION label_of(p_pid bigint, p_role text, p_host text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'pid ' || p_pid || ' (' || p_role || ') on ' || p_host
$$;

-- ---- the request ledger

-- Locks the ledger and brings it to now: what expired goes, and what was written by another boot, or by a clock that ran
-- ahead of this one, counts as if it had ended just now.
CREATE FUNCTION settle_ledger(at text) RETURNS moment LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    g gate; n moment; ms bigint; here text;
BEGIN
    SELECT * INTO g FROM gate FOR UPDATE;
    n := moment_of(at);
    IF at IS NULL THEN
        -- A clock that was set back: time goes on from the last that was seen, and not from where it is now.
        ms := (n).wall;
        IF ms - g.base < g.last - 2000 THEN
            UPDATE gate SET base = ms - g.last;
        END IF;
        here := place_now();
        IF g.place IS DISTINCT FROM here THEN
            UPDATE gate SET place = here;
            IF g.place IS NOT NULL THEN
                UPDATE gate SET hold = greatest(coalesce(hold, 0), (n).mono + 70000);
                -- Whoever read on the other server knows numbers that were not given here: what comes now has others.
                UPDATE head SET reading = reading + 1000000;
                UPDATE document SET revision = revision + 1000000;
            END IF;
        END IF;
        UPDATE gate SET last = greatest(last, (n).mono);
    END IF;
    DELETE FROM permit WHERE boot = (n).boot AND until <= (n).mono;
    UPDATE permit SET boot = (n).boot, taken = (n).mono, until = (n).mono + 60001, ended = true
        WHERE boot <> (n).boot OR taken > (n).mono OR until > (n).mono + {longest_block};
    DELETE FROM landed WHERE mono < (n).mono - 600000 OR mono > (n).mono + 600000;
    IF g.boot IS DISTINCT FROM (n).boot THEN
        -- After another boot nothing is sent until this one is old enough for all of the last one's to have ended.
        UPDATE gate SET boot = (n).boot, slot = NULL, hold = CASE WHEN g.boot IS NULL THEN hold ELSE 70000 END;
    ELSE
        -- What is ahead of this was written by another clock.
        UPDATE gate SET slot = (n).mono WHERE slot > (n).mono;
        UPDATE gate SET hold = (n).mono + {longest_block} WHERE hold > (n).mono + {longest_block};
    END IF;
    RETURN n;
END $$;

CREATE FUNCTION blocked_for(n moment) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT CASE WHEN value->'blocked_until'->>'boot' = (n).boot
        THEN least({longest_block}, greatest(0, (value->'blocked_until'->>'mono')::bigint - (n).mono)) ELSE 0 END
        FROM meta WHERE key = 'governor'), 0)
$$;

-- Permission for one request. `p_gap` is null for a burst; `p_expect` is the latest time that the caller thinks it can
-- be, and where it is later than that nothing is given: the clock was set, or the call was long on its way.
CREATE FUNCTION permit(
    at text, p_id bigint, p_who text, p_kind text, p_cap integer, p_gap bigint, p_void bigint, p_timeout bigint,
    p_expect bigint)
RETURNS TABLE(granted boolean, wait bigint, doubt boolean, mono bigint, wall bigint, base bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment; g gate; due bigint; held bigint;
BEGIN
    n := settle_ledger(at);
    SELECT * INTO g FROM gate;
    mono := (n).mono; wall := (n).wall; base := g.base;
    doubt := coalesce(mono > p_expect, false);
    IF EXISTS(SELECT 1 FROM permit p WHERE p.id = p_id AND NOT p.ended) THEN
        granted := true; wait := 0;
        RETURN NEXT; RETURN;
    END IF;
    wait := greatest(0, coalesce(g.hold - mono, 0), blocked_for(n));
    IF p_cap = 0 THEN
        wait := greatest(wait, 60000);
    ELSE
        SELECT p.until INTO held FROM permit p ORDER BY p.until DESC LIMIT 1 OFFSET p_cap - 1;
        wait := greatest(wait, coalesce(held - mono, 0));
    END IF;
    IF p_gap IS NOT NULL AND g.slot IS NOT NULL THEN
        due := g.slot + p_gap;
        wait := greatest(wait, due - mono);
    END IF;
    IF wait > 0 OR doubt THEN
        granted := false; wait := greatest(wait, 1);
        RETURN NEXT; RETURN;
    END IF;
    IF p_gap IS NOT NULL THEN
        -- The slots march on by whole gaps, so that a late wake-up costs nothing; more than one gap is forgiven.
        UPDATE gate SET slot = CASE WHEN due IS NULL THEN (n).mono ELSE greatest(due, (n).mono - p_gap) END;
    END IF;
    INSERT INTO permit VALUES(p_id, p_who, p_kind, (n).boot, mono, mono + p_void + p_timeout + 60000, false);
    granted := true;
    RETURN NEXT;
END $$;

CREATE FUNCTION end_permit(n moment, p_id bigint, p_used boolean) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_used THEN
        UPDATE permit SET ended = true, until = (n).mono + 60001 WHERE id = p_id AND NOT ended AND boot = (n).boot;
    ELSE
        DELETE FROM permit WHERE id = p_id AND NOT ended;
    END IF;
END $$;

CREATE FUNCTION finish(at text, p_id bigint, p_used boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM end_permit(settle_ledger(at), p_id, p_used);
END $$;

-- The end of a request with what it brought. `p_landing` is the number of this message: it counts once, however often it
-- is sent.
CREATE FUNCTION land(at text, p_landing bigint, p_permit bigint, p_readings text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment;
BEGIN
    n := settle_ledger(at);
    INSERT INTO landed VALUES(p_landing, (n).mono) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF p_permit IS NOT NULL THEN
        PERFORM end_permit(n, p_permit, true);
    END IF;
    PERFORM append(p_readings);
END $$;

-- Nothing is sent for `p_span` from now on. Where the clock was set forward by `p_skip`, time goes on from before; once,
-- however many notice it.
CREATE FUNCTION hold(at text, p_span bigint, p_skip bigint, p_base bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment;
BEGIN
    PERFORM settle_ledger(at);
    UPDATE gate SET base = base + p_skip, last = last - p_skip, slot = NULL WHERE base = p_base AND p_skip > 0;
    n := moment_of(at);
    UPDATE gate SET hold = greatest(coalesce(hold, 0), (n).mono + p_span);
END $$;

CREATE FUNCTION usage(at text)
RETURNS TABLE(used bigint, in_flight bigint, throttled bigint, generated bigint, invalidated bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment := moment_of(at);
BEGIN
    SELECT count(*), count(*) FILTER (WHERE NOT p.ended AND p.boot = (n).boot AND p.until > (n).mono + 60000)
        INTO used, in_flight FROM permit p WHERE p.boot <> (n).boot OR p.until > (n).mono;
    SELECT count(*) FILTER (WHERE e.kind = 'throttled'), count(*) FILTER (WHERE e.kind = 'token_died')
        INTO throttled, invalidated FROM event e
        WHERE e.kind IN ('throttled', 'token_died') AND is_young(n, 3600000, e.boot, e.mono, e.wall);
    SELECT count(*) INTO generated FROM generation m WHERE is_young(n, 3600000, m.boot, m.mono, m.wall);
    RETURN NEXT;
END $$;

-- ---- readings

-- Each reading is [kind, name, boot, mono, wall, what, text, label, named].
CREATE FUNCTION append(p_readings text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    list jsonb := p_readings::jsonb; before bigint; many bigint := jsonb_array_length(p_readings::jsonb);
BEGIN
    UPDATE head SET reading = reading + many, readings = readings + many RETURNING reading - many INTO before;
    INSERT INTO boot(name) SELECT DISTINCT e->>2 FROM jsonb_array_elements(list) e ON CONFLICT DO NOTHING;
    INSERT INTO target(kind, name) SELECT DISTINCT (e->>0)::smallint, e->>1 FROM jsonb_array_elements(list) e
        WHERE NOT EXISTS(SELECT 1 FROM target t WHERE t.kind = (e->>0)::smallint AND t.name = e->>1)
        ON CONFLICT DO NOTHING;
    INSERT INTO phrase(text, seq)
        SELECT t, max(before + i) FROM jsonb_array_elements(list) WITH ORDINALITY AS r(e, i), unnest(ARRAY[e->>6, e->>7]) t
        WHERE t IS NOT NULL GROUP BY t
        ON CONFLICT (md5(text)) DO UPDATE SET seq = greatest(phrase.seq, excluded.seq);
    INSERT INTO reading(seq, target, boot, mono, wall, what, name)
        SELECT before + i, t.id, b.id, (e->>3)::bigint, (e->>4)::bigint,
            CASE WHEN e->>6 IS NULL THEN (e->>5)::bigint ELSE -1 - p.id END, l.id
        FROM jsonb_array_elements(list) WITH ORDINALITY AS r(e, i)
        JOIN target t ON t.kind = (e->>0)::smallint AND t.name = e->>1
        JOIN boot b ON b.name = e->>2
        LEFT JOIN phrase p ON md5(p.text) = md5(e->>6) AND p.text = e->>6
        LEFT JOIN phrase l ON md5(l.text) = md5(e->>7) AND l.text = e->>7;
    -- What all readings of a target together say, by the same rule as everywhere: the last good one survives, and
    -- failures are counted from there on.
    WITH r AS (
        SELECT i, t.id AS target, b.id AS boot, (e->>3)::bigint AS mono, (e->>4)::bigint AS wall,
            (e->>5)::bigint AS what, e->>6 AS text, e->>7 AS label, (e->>8)::boolean AS named
        FROM jsonb_array_elements(list) WITH ORDINALITY AS r(e, i)
        JOIN target t ON t.kind = (e->>0)::smallint AND t.name = e->>1
        JOIN boot b ON b.name = e->>2
    ), s AS (
        SELECT target, max(i) AS last, max(i) FILTER (WHERE what >= 0) AS good, max(i) FILTER (WHERE named) AS named
        FROM r GROUP BY target
    ), f AS (
        SELECT s.target, count(r.i) AS failures, min(r.i) AS first
        FROM s LEFT JOIN r ON r.target = s.target AND r.i > coalesce(s.good, 0) GROUP BY s.target
    )
    INSERT INTO latest AS o
        SELECT s.target, named.label, good.what, good.boot, good.mono, good.wall,
            last.what, last.text, last.boot, last.mono, last.wall, f.failures, fail.boot, fail.mono, fail.wall
        FROM s JOIN f USING (target) JOIN r last ON last.i = s.last LEFT JOIN r good ON good.i = s.good
        LEFT JOIN r named ON named.i = s.named LEFT JOIN r fail ON fail.i = f.first
    ON CONFLICT (target) DO UPDATE SET
        name = coalesce(excluded.name, o.name),
        good_what = coalesce(excluded.good_what, o.good_what), good_boot = coalesce(excluded.good_boot, o.good_boot),
        good_mono = coalesce(excluded.good_mono, o.good_mono), good_wall = coalesce(excluded.good_wall, o.good_wall),
        last_what = excluded.last_what, last_text = excluded.last_text, last_boot = excluded.last_boot,
        last_mono = excluded.last_mono, last_wall = excluded.last_wall,
        failures = excluded.failures + CASE WHEN excluded.good_what IS NULL THEN o.failures ELSE 0 END,
        fail_boot = CASE WHEN excluded.good_what IS NULL THEN coalesce(o.fail_boot, excluded.fail_boot)
            ELSE excluded.fail_boot END,
        fail_mono = CASE WHEN excluded.good_what IS NULL THEN coalesce(o.fail_mono, excluded.fail_mono)
            ELSE excluded.fail_mono END,
        fail_wall = CASE WHEN excluded.good_what IS NULL THEN coalesce(o.fail_wall, excluded.fail_wall)
            ELSE excluded.fail_wall END;
    PERFORM tell('readings');
END $$;

-- Everything known, of one moment: rows of kind 0 are boots, 1 the head, 2 the targets, 3 the points of the series,
-- newest first. Not longer than needed: a scan towards the past ends behind 64 readings in a row that are too old.
CREATE FUNCTION snapshot(at text, p_span bigint)
RETURNS TABLE(kind integer, a bigint, b bigint, c bigint, d bigint, e bigint, line text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    n moment := moment_of(at); r record; beyond integer := 0; names jsonb;
BEGIN
    RETURN QUERY SELECT 0, x.id::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, x.name FROM boot x;
    RETURN QUERY SELECT 1, x.reading, 0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::text FROM head x;
    RETURN QUERY SELECT 2, x.target::bigint, t.kind::bigint, x.failures, 0::bigint, 0::bigint,
        json_build_array(t.name, x.name, x.good_what, x.good_boot, x.good_mono, x.good_wall, x.last_what, x.last_text,
            x.last_boot, x.last_mono, x.last_wall, x.fail_boot, x.fail_mono, x.fail_wall)::text
        FROM latest x JOIN target t ON t.id = x.target;
    IF p_span <= 0 THEN
        RETURN;
    END IF;
    SELECT coalesce(jsonb_object_agg(x.id, x.name), '{}') INTO names FROM boot x;
    FOR r IN SELECT x.target, x.boot, x.mono, x.wall, x.what FROM reading x ORDER BY x.seq DESC LOOP
        IF age_of(n, names->>(r.boot::text), r.mono, r.wall) > p_span THEN
            beyond := beyond + 1;
            EXIT WHEN beyond >= 64;
        ELSE
            beyond := 0;
            IF r.what >= 0 THEN
                kind := 3; a := r.target; b := r.boot; c := r.mono; d := r.wall; e := r.what; line := NULL;
                RETURN NEXT;
            END IF;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION prune(at text, p_keep bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment; aged bigint; excess bigint;
BEGIN
    PERFORM 1 FROM head FOR UPDATE;
    n := moment_of(at);
    DELETE FROM event x WHERE NOT is_young(n, p_keep, x.boot, x.mono, x.wall);
    DELETE FROM reading WHERE seq IN (
        SELECT o.seq FROM (SELECT * FROM reading ORDER BY seq LIMIT 5000) o JOIN boot b ON b.id = o.boot
        WHERE NOT is_young(n, p_keep, b.name, o.mono, o.wall));
    GET DIAGNOSTICS aged = ROW_COUNT;
    DELETE FROM reading WHERE seq IN (SELECT seq FROM reading ORDER BY seq
        LIMIT least(5000, greatest(0, (SELECT readings FROM head) - aged - 8000000)));
    GET DIAGNOSTICS excess = ROW_COUNT;
    IF aged + excess > 0 THEN
        UPDATE head SET readings = greatest(0, readings - aged - excess);
    ELSE
        DELETE FROM phrase WHERE seq < coalesce((SELECT min(seq) FROM reading), (SELECT reading + 1 FROM head));
    END IF;
    RETURN aged + excess;
END $$;

CREATE FUNCTION history() RETURNS TABLE(readings bigint, oldest bigint, bytes bigint)
LANGUAGE sql STABLE AS $$
    SELECT h.readings, (SELECT wall FROM reading ORDER BY seq LIMIT 1),
        (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'about'::regclass))
    FROM head h
$$;

-- ---- who is here, and what is wanted

CREATE FUNCTION want(
    at text, p_id text, p_pid bigint, p_host text, p_role text, p_wants text, p_ttl bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment := moment_of(at); changed integer;
BEGIN
    DELETE FROM instance i WHERE NOT (i.boot = (n).boot AND i.said <= (n).mono AND i.until > (n).mono) AND i.id <> p_id;
    DELETE FROM want w WHERE NOT EXISTS(SELECT 1 FROM instance i WHERE i.id = w.instance) AND w.instance <> p_id;
    INSERT INTO instance VALUES(p_id, p_pid, p_host, p_role, (n).boot, (n).mono, (n).mono + p_ttl)
        ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, host = excluded.host, role = excluded.role,
            boot = excluded.boot, said = excluded.said, until = excluded.until;
    -- The list is long and seldom changes; only the small row above is written each time.
    IF NOT EXISTS(SELECT 1 FROM want w WHERE w.instance = p_id AND w.wants = p_wants) THEN
        -- By the clock, so that a list that was forgotten does not come back under an old number.
        INSERT INTO want VALUES(p_id, p_wants, floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
            ON CONFLICT (instance) DO UPDATE SET wants = excluded.wants, revision = excluded.revision;
        PERFORM tell('want');
    END IF;
END $$;

-- The same list as the last time, which need not come again. False where it is not known here any more.
CREATE FUNCTION want_again(at text, p_id text, p_ttl bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment := moment_of(at);
BEGIN
    UPDATE instance i SET said = (n).mono, until = (n).mono + p_ttl
        WHERE i.id = p_id AND i.boot = (n).boot AND EXISTS(SELECT 1 FROM want w WHERE w.instance = p_id);
    RETURN FOUND;
END $$;

CREATE FUNCTION wanted(at text) RETURNS TABLE(wants text) LANGUAGE sql VOLATILE AS $$
    SELECT w.wants FROM moment_of(at) n, want w JOIN instance i ON i.id = w.instance
    WHERE i.boot = n.boot AND i.said <= n.mono AND i.until > n.mono
$$;

CREATE FUNCTION instances(at text) RETURNS TABLE(id text, pid bigint, host text, role text)
LANGUAGE sql VOLATILE AS $$
    WITH n AS (SELECT * FROM moment_of(at)), here AS (
        SELECT i.id, i.pid, i.host, i.role FROM n, instance i
        WHERE i.boot = n.boot AND i.said <= n.mono AND i.until > n.mono)
    SELECT * FROM (SELECT * FROM here ORDER BY id) h UNION ALL
    SELECT l.id, l.pid, l.host, l.role FROM n, lease l
        WHERE l.what = 'lease' AND l.boot = n.boot AND l.taken <= n.mono AND l.until > n.mono
        AND NOT EXISTS(SELECT 1 FROM here WHERE here.id = l.id)
$$;

CREATE FUNCTION request_poll(p_kind smallint, p_name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF (SELECT count(*) FROM poll_request) < 1000 THEN
        INSERT INTO poll_request(kind, name) VALUES(p_kind, p_name) ON CONFLICT DO NOTHING;
        PERFORM tell('poll');
    END IF;
END $$;

CREATE FUNCTION take_requested_polls() RETURNS TABLE(kind smallint, name text) LANGUAGE sql VOLATILE AS $$
    WITH taken AS (DELETE FROM poll_request RETURNING *) SELECT kind, name FROM taken ORDER BY id
$$;

-- ---- who polls

-- The number of the lock that the session of who polls holds: it dies with the session.
CREATE FUNCTION poller_lock() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT ('x' || substr(md5('ahtop {schema}'), 1, 15))::bit(60)::bigint
$$;

CREATE FUNCTION poller_lock_is_free() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF pg_try_advisory_lock_shared(poller_lock()) THEN
        PERFORM pg_advisory_unlock_shared(poller_lock());
        RETURN true;
    END IF;
    RETURN false;
END $$;

-- `p_held`: for whom this session has the lock. Gives whether it has it now.
CREATE FUNCTION lease(
    at text, p_id text, p_pid bigint, p_host text, p_role text, p_ttl bigint, p_held text)
RETURNS TABLE(id text, pid bigint, host text, role text, mine boolean, claimed boolean, locked boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment; held lease; claim lease; valid boolean; promised boolean; wants boolean; after text := '';
BEGIN
    n := moment_of(at);
    locked := p_held IS NOT NULL;
    SELECT * INTO held FROM lease l WHERE l.what = 'lease';
    SELECT * INTO claim FROM lease l WHERE l.what = 'claim';
    IF held.id = p_id AND held.locked AND locked AND held.boot = (n).boot AND held.taken <= (n).mono
        AND held.until > (n).mono AND held.until - (n).mono >= p_ttl * 3 / 4 AND claim.id IS NULL THEN
        -- Asked each second: one that lasts is not written again. Where calls take long it is not asked so often.
        id := p_id; pid := p_pid; host := p_host; role := p_role; mine := true; claimed := false;
        RETURN NEXT; RETURN;
    END IF;
    -- One at a time, also where there is no row yet.
    LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE;
    n := moment_of(at);
    IF NOT locked AND poller_lock_is_free() THEN
        -- Whoever else showed that it lived does not any more.
        UPDATE lease l SET until = least(l.until, (n).mono) WHERE l.what = 'lease' AND l.locked AND l.id <> p_id;
    END IF;
    SELECT * INTO held FROM lease l WHERE l.what = 'lease';
    SELECT * INTO claim FROM lease l WHERE l.what = 'claim';
    valid := coalesce(held.boot = (n).boot AND held.taken <= (n).mono AND held.until > (n).mono, false);
    promised := coalesce(claim.boot = (n).boot AND claim.taken <= (n).mono AND claim.until > (n).mono
        AND claim.id <> p_id, false);
    IF valid AND held.id <> p_id THEN
        wants := p_role = 'serve' AND held.role <> 'serve';
        IF wants AND NOT promised THEN
            INSERT INTO lease VALUES('claim', p_id, p_pid, p_host, p_role, (n).boot, (n).mono, (n).mono + p_ttl)
                ON CONFLICT (what) DO UPDATE SET id = excluded.id, pid = excluded.pid, host = excluded.host,
                    role = excluded.role, boot = excluded.boot, taken = excluded.taken, until = excluded.until,
                    locked = false;
        END IF;
        id := held.id; pid := held.pid; host := held.host; role := held.role; mine := false;
        claimed := wants OR promised;
    ELSIF promised AND p_role <> 'serve' AND NOT valid THEN
        -- Free, but promised.
        id := claim.id; pid := claim.pid; host := claim.host; role := claim.role; mine := false; claimed := true;
    ELSE
        IF NOT locked THEN
            locked := pg_try_advisory_lock(poller_lock());
        END IF;
        INSERT INTO lease VALUES('lease', p_id, p_pid, p_host, p_role, (n).boot, (n).mono, (n).mono + p_ttl, locked)
            ON CONFLICT (what) DO UPDATE SET id = excluded.id, pid = excluded.pid, host = excluded.host,
                role = excluded.role, boot = excluded.boot, taken = excluded.taken, until = excluded.until,
                locked = excluded.locked;
        DELETE FROM lease l WHERE l.what = 'claim' AND l.id = p_id;
        IF held.id IS DISTINCT FROM p_id THEN
            IF held.id IS NOT NULL THEN
                after := ', after ' || label_of(held.pid, held.role, held.host);
            END IF;
            PERFORM happened(n, 'lease', label_of(p_pid, p_role, p_host),
                label_of(p_pid, p_role, p_host) || ' checks the service from now on' || after);
            PERFORM tell('lease');
        END IF;
        id := p_id; pid := p_pid; host := p_host; role := p_role; mine := true;
        -- Two that serve do not push each other out.
        claimed := promised AND p_role <> 'serve';
    END IF;
    IF NOT mine AND p_held = p_id THEN
        PERFORM pg_advisory_unlock(poller_lock());
        locked := false;
    END IF;
    RETURN NEXT;
END $$;

CREATE FUNCTION lease_holder(at text, p_locked boolean)
RETURNS TABLE(id text, pid bigint, host text, role text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment := moment_of(at); held lease;
BEGIN
    SELECT * INTO held FROM lease l WHERE l.what = 'lease';
    IF held.boot = (n).boot AND held.taken <= (n).mono AND held.until > (n).mono
        AND NOT (held.locked AND NOT p_locked AND poller_lock_is_free()) THEN
        id := held.id; pid := held.pid; host := held.host; role := held.role;
        RETURN NEXT;
    END IF;
END $$;

-- What the poller looks at each second. `p_stamp` names the wants that it knows; others are given with their stamp.
CREATE FUNCTION turn(
    at text, p_id text, p_pid bigint, p_host text, p_role text, p_ttl bigint, p_held text, p_stamp text)
RETURNS TABLE(id text, pid bigint, host text, role text, mine boolean, claimed boolean, locked boolean,
    polls text, stamp text, wants text, governor text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment;
BEGIN
    SELECT l.id, l.pid, l.host, l.role, l.mine, l.claimed, l.locked INTO id, pid, host, role, mine, claimed, locked
        FROM lease(at, p_id, p_pid, p_host, p_role, p_ttl, p_held) l;
    n := moment_of(at);
    IF EXISTS(SELECT 1 FROM poll_request) THEN
        SELECT json_agg(json_build_array(t.kind, t.name)) INTO polls FROM take_requested_polls() t;
    END IF;
    SELECT md5(string_agg(w.instance || ' ' || w.revision, ',' ORDER BY w.instance)) INTO stamp
        FROM want w JOIN instance i ON i.id = w.instance
        WHERE i.boot = (n).boot AND i.said <= (n).mono AND i.until > (n).mono;
    IF stamp IS DISTINCT FROM p_stamp THEN
        SELECT json_agg(w.wants::json) INTO wants FROM want w JOIN instance i ON i.id = w.instance
            WHERE i.boot = (n).boot AND i.said <= (n).mono AND i.until > (n).mono;
    END IF;
    SELECT m.value::text INTO governor FROM meta m WHERE m.key = 'governor';
    RETURN NEXT;
END $$;

-- What all dashboards see beside the readings.
CREATE FUNCTION overview(at text, p_locked boolean)
RETURNS TABLE(used bigint, in_flight bigint, throttled bigint, generated bigint, invalidated bigint, status text,
    holder text, here text)
LANGUAGE sql VOLATILE AS $$
    SELECT u.used, u.in_flight, u.throttled, u.generated, u.invalidated,
        (SELECT m.value::text FROM meta m WHERE m.key = 'status'),
        (SELECT json_build_array(h.id, h.pid, h.host, h.role)::text FROM lease_holder(at, p_locked) h),
        (SELECT json_agg(json_build_array(i.id, i.pid, i.host, i.role))::text FROM instances(at) i)
    FROM usage(at) u
$$;

-- Gives back the lease and the claim; `p_wants`: and what was wanted. `p_locked`: this session has the lock for it.
CREATE FUNCTION leave(
    at text, p_id text, p_wants boolean, p_locked boolean)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment; held lease; label text;
BEGIN
    LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE;
    n := moment_of(at);
    IF p_wants THEN
        DELETE FROM instance i WHERE i.id = p_id;
        DELETE FROM want w WHERE w.instance = p_id;
    END IF;
    SELECT * INTO held FROM lease l WHERE l.what = 'lease' AND l.id = p_id AND l.boot = (n).boot
        AND l.taken <= (n).mono AND l.until > (n).mono;
    DELETE FROM lease l WHERE l.id = p_id;
    IF p_locked THEN
        PERFORM pg_advisory_unlock(poller_lock());
    END IF;
    IF held.id IS NOT NULL THEN
        label := label_of(held.pid, held.role, held.host);
        PERFORM happened(n, 'lease', label, label || ' stopped checking the service');
        PERFORM tell('lease');
    END IF;
END $$;

-- Forgets what `p_id` wanted: for those who may not poll.
CREATE FUNCTION forget(p_id text) RETURNS void LANGUAGE sql VOLATILE AS $$
    DELETE FROM instance WHERE id = p_id;
    DELETE FROM want WHERE instance = p_id;
$$;

-- ---- the token

CREATE FUNCTION stored_token()
RETURNS TABLE(generation bigint, secret text, boot text, mono bigint, wall bigint, life bigint, who text)
LANGUAGE sql STABLE AS $$
    SELECT generation, secret, boot, mono, wall, life, who FROM token
$$;

-- `p_gaps[n + 1]`: how long after the last generation the next one may begin when n lie in the last hour.
CREATE FUNCTION begin_generation(
    at text, p_id bigint, p_who text, p_unfit bigint, p_gaps bigint[], p_lock bigint)
RETURNS TABLE(answer text, wait bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    n moment; t token; many integer; other bigint; ages bigint[]; last_ended boolean;
BEGIN
    SELECT * INTO t FROM token FOR UPDATE;
    n := moment_of(at);
    wait := 0;
    IF EXISTS(SELECT 1 FROM generation m WHERE m.id = p_id AND NOT m.ended) THEN
        answer := 'go';
        RETURN NEXT; RETURN;
    END IF;
    IF p_unfit IS NOT NULL AND t.generation < p_unfit THEN
        -- Who asks knows of a later one: the next token must be newer than that.
        UPDATE token SET generation = p_unfit, secret = NULL;
    ELSIF t.secret IS NOT NULL AND (p_unfit IS NULL OR t.generation > p_unfit)
        AND t.life > age_of(n, t.boot, t.mono, t.wall) THEN
        answer := 'use';
        RETURN NEXT; RETURN;
    END IF;
    DELETE FROM generation m WHERE NOT is_young(n, 3600000, m.boot, m.mono, m.wall);
    UPDATE generation m SET mono = (n).mono WHERE m.boot = (n).boot AND m.mono > (n).mono + 3600000;
    SELECT count(*) INTO many FROM generation;
    SELECT m.mono INTO other FROM generation m WHERE NOT m.ended AND m.boot = (n).boot AND m.mono > (n).mono
        ORDER BY m.nth LIMIT 1;
    IF other IS NOT NULL THEN
        answer := 'busy'; wait := greatest(1, other - (n).mono);
        RETURN NEXT; RETURN;
    END IF;
    SELECT array_agg(g.age ORDER BY g.age DESC), (array_agg(g.ended ORDER BY g.age))[1] INTO ages, last_ended
        FROM (SELECT age_of(n, m.boot, m.mono, m.wall) AS age, m.ended FROM generation m) g;
    -- The first moment that fits: the oldest leave the hour meanwhile, and then the next one may follow the last one
    -- sooner. Whoever was killed in it learned nothing that speaks against another try: it counts for the ceiling, but
    -- the next one follows a step sooner.
    SELECT coalesce(min(greatest(
            CASE WHEN gone > 0 THEN 3600001 - ages[gone] ELSE 0 END,
            CASE WHEN gone < many
                THEN p_gaps[many - gone + CASE WHEN last_ended THEN 1 ELSE 0 END] - ages[many] ELSE 0 END, 0)), 3600000)
        INTO wait FROM generate_series(0, many) gone WHERE many - gone < coalesce(array_length(p_gaps, 1), 0);
    IF wait > 0 THEN
        answer := CASE WHEN many < coalesce(array_length(p_gaps, 1), 0) THEN 'back_off' ELSE 'ceiling' END;
        RETURN NEXT; RETURN;
    END IF;
    INSERT INTO generation(id, who, boot, mono, wall, ended)
        VALUES(p_id, p_who, (n).boot, (n).mono + p_lock, (n).wall + p_lock, false);
    answer := 'go';
    RETURN NEXT;
END $$;

-- `p_secret` is null where it failed; `p_sent` false: the request never reached the service.
CREATE FUNCTION end_generation(at text, p_id bigint, p_sent boolean, p_secret text, p_life bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    t token; n moment; g generation;
BEGIN
    SELECT * INTO t FROM token FOR UPDATE;
    n := moment_of(at);
    IF NOT p_sent THEN
        DELETE FROM generation m WHERE m.id = p_id;
        RETURN;
    END IF;
    SELECT * INTO g FROM generation m WHERE m.id = p_id;
    IF g.ended THEN
        RETURN;
    ELSIF g.id IS NOT NULL THEN
        UPDATE generation m SET boot = (n).boot, mono = (n).mono, wall = (n).wall, ended = true WHERE m.id = p_id;
    ELSE
        -- From more than an hour ago: it counts all the same.
        INSERT INTO generation(id, who, boot, mono, wall, ended)
            VALUES(p_id, '', (n).boot, (n).mono, (n).wall, true);
    END IF;
    IF p_secret IS NULL THEN
        RETURN;
    END IF;
    IF g.boot = (n).boot AND t.boot = (n).boot AND t.mono >= g.mono THEN
        -- This one was given up long ago and another has come since: the service has forgotten this token.
        RETURN;
    END IF;
    UPDATE token SET generation = t.generation + 1, secret = p_secret, boot = (n).boot, mono = (n).mono,
        wall = (n).wall, life = p_life, who = coalesce(g.who, '');
    PERFORM tell('token');
END $$;

CREATE FUNCTION words_of(ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN ms < 60000 THEN ms / 1000 || ' s' ELSE ms / 60000 || ' min ' || ms / 1000 % 60 || ' s' END
$$;

CREATE FUNCTION token_invalidated(at text, p_generation bigint, p_who text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    t token; n moment; age bigint; what text;
BEGIN
    SELECT * INTO t FROM token FOR UPDATE;
    n := moment_of(at);
    IF t.secret IS NOT NULL AND t.generation <> p_generation THEN
        RETURN false;
    ELSIF t.secret IS NULL AND t.generation >= p_generation THEN
        RETURN true;
    END IF;
    IF t.secret IS NOT NULL THEN
        age := age_of(n, t.boot, t.mono, t.wall);
        what := 'token ' || p_generation || ' of ' || t.who || ' was invalidated after ' || words_of(age) || ', '
            || words_of(greatest(0, t.life - age)) || ' before its end';
    ELSE
        what := 'token ' || p_generation || ' was invalidated; when it was generated is not known';
    END IF;
    UPDATE token SET generation = p_generation, secret = NULL, boot = (n).boot, mono = (n).mono, wall = (n).wall,
        life = 0, who = '';
    PERFORM happened(n, 'token_died', p_who, what);
    PERFORM tell('token');
    RETURN true;
END $$;

-- ---- texts that all share

CREATE FUNCTION set_document(p_name text, p_seen bigint, p_next bigint, p_text text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO document AS d SELECT p_name, p_next, p_text
        WHERE p_seen = 0 OR EXISTS(SELECT 1 FROM document x WHERE x.name = p_name)
        ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, text = excluded.text WHERE d.revision = p_seen;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        PERFORM tell('document');
    END IF;
    RETURN written > 0;
END $$;

CREATE FUNCTION post(p_queue text, p_text text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number bigint;
BEGIN
    UPDATE head SET post = post + 1 RETURNING post INTO number;
    INSERT INTO post VALUES(number, p_queue, p_text);
    DELETE FROM post WHERE queue = p_queue AND id <= (
        SELECT id FROM post WHERE queue = p_queue ORDER BY id DESC LIMIT 1 OFFSET 1000);
    PERFORM tell('post');
END $$;

CREATE FUNCTION drop_posts(p_queue text, p_upto bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM post WHERE queue = p_queue AND id <= p_upto;
    IF FOUND THEN
        PERFORM tell('post');
    END IF;
END $$;

CREATE FUNCTION remember(p_key text, p_value text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO meta VALUES(p_key, p_value::jsonb) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    PERFORM tell(p_key);
END $$;

CREATE FUNCTION events(at text, p_span bigint)
RETURNS TABLE(boot text, mono bigint, wall bigint, kind text, who text, line text) LANGUAGE sql VOLATILE AS $$
    SELECT boot, mono, wall, kind, who, text FROM (
        SELECT e.* FROM moment_of(at) n, event e WHERE is_young(n, p_span, e.boot, e.mono, e.wall)
        AND e.kind <> 'status' ORDER BY e.id DESC LIMIT 1000) newest
    ORDER BY id
$$;

-- ---- for others

-- The readings with names and times, for Grafana and the like.
CREATE OR REPLACE VIEW readings AS
    SELECT r.seq, to_timestamp(r.wall / 1000.0) AS at, CASE t.kind WHEN 0 THEN 'campaign' ELSE 'agent' END AS kind,
        t.name AS id, l.text AS name, CASE WHEN r.what > 0 THEN r.what END AS aht,
        CASE WHEN r.what > 0 THEN 'value' WHEN r.what = 0 THEN 'no_calls' WHEN r.what = -1 THEN 'invalid'
            ELSE 'failed' END AS outcome
    FROM reading r JOIN target t ON t.id = r.target LEFT JOIN phrase l ON l.id = r.name;
