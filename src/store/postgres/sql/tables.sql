-- The tables. Times are in milliseconds; `mono` counts on the server's clock from the epoch on.

-- What this is, and who may hand in a clock of their own (only tests may).
CREATE TABLE about(
    one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL, epoch text NOT NULL,
    manual boolean NOT NULL DEFAULT false);
INSERT INTO about(one, version, epoch) VALUES(1, {version}, gen_random_uuid()::text);

-- In `reading` and `latest` the column `what` is: an AHT in seconds when positive, 0 no calls, -1 unknown id, and below
-- that a failure, in `reading` with the phrase `-1 - what`.
CREATE TABLE boot(id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE target(
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind smallint NOT NULL, name text NOT NULL,
    UNIQUE(kind, name));
CREATE TABLE phrase(
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL, seq bigint NOT NULL);
CREATE UNIQUE INDEX phrase_text ON phrase(md5(text));
CREATE TABLE reading(
    seq bigint PRIMARY KEY, target integer NOT NULL, boot integer NOT NULL, mono bigint NOT NULL,
    wall bigint NOT NULL, what bigint NOT NULL, name bigint);
CREATE INDEX reading_of ON reading(target, wall);
CREATE TABLE latest(
    target integer PRIMARY KEY, name text,
    good_what bigint, good_boot integer, good_mono bigint, good_wall bigint,
    last_what bigint, last_text text, last_boot integer, last_mono bigint, last_wall bigint,
    failures bigint NOT NULL, fail_boot integer, fail_mono bigint, fail_wall bigint);

-- The last numbers given. Not sequences: those are handed out in another order than that of the commits, and who reads
-- on from a number would pass by rows for ever.
CREATE TABLE head(
    one integer PRIMARY KEY CHECK (one = 1), reading bigint NOT NULL DEFAULT 0, readings bigint NOT NULL DEFAULT 0,
    event bigint NOT NULL DEFAULT 0, post bigint NOT NULL DEFAULT 0);
INSERT INTO head(one) VALUES(1);

CREATE TABLE meta(key text PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE event(
    id bigint PRIMARY KEY, boot text NOT NULL, mono bigint NOT NULL, wall bigint NOT NULL,
    kind text NOT NULL, who text NOT NULL, text text NOT NULL);
CREATE TABLE document(name text PRIMARY KEY, revision bigint NOT NULL, text text NOT NULL);
CREATE TABLE post(id bigint PRIMARY KEY, queue text NOT NULL, text text NOT NULL);

CREATE TABLE instance(
    id text PRIMARY KEY, pid bigint NOT NULL, host text NOT NULL, role text NOT NULL,
    boot text NOT NULL, said bigint NOT NULL, until bigint NOT NULL);
CREATE TABLE want(instance text PRIMARY KEY, wants text NOT NULL, revision bigint NOT NULL);
CREATE TABLE poll_request(
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind smallint NOT NULL, name text NOT NULL,
    UNIQUE(kind, name));

CREATE TABLE lease(
    what text PRIMARY KEY CHECK (what IN ('lease', 'claim')),
    id text NOT NULL, pid bigint NOT NULL, host text NOT NULL, role text NOT NULL,
    boot text NOT NULL, taken bigint NOT NULL, until bigint NOT NULL, locked boolean NOT NULL DEFAULT false);

CREATE TABLE permit(
    id bigint PRIMARY KEY, who text NOT NULL, kind text NOT NULL,
    boot text NOT NULL, taken bigint NOT NULL, until bigint NOT NULL, ended boolean NOT NULL);
-- Locked first by all that touches the ledger. `base` and `last` make the server's clock one that never runs back;
-- `place` names the server and its timeline.
CREATE TABLE gate(
    one integer PRIMARY KEY CHECK (one = 1), boot text, slot bigint, hold bigint,
    base bigint NOT NULL, last bigint NOT NULL DEFAULT 0, place text);
-- The epoch begins an hour before it is made: no time on it is negative.
INSERT INTO gate(one, base) VALUES(1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - 3600000);
-- Replies that were taken in: one that is sent again after a lost answer does not count twice.
CREATE TABLE landed(id bigint PRIMARY KEY, mono bigint NOT NULL);

CREATE TABLE token(
    one integer PRIMARY KEY CHECK (one = 1), generation bigint NOT NULL DEFAULT 0, secret text,
    boot text, mono bigint, wall bigint, life bigint, who text);
INSERT INTO token(one) VALUES(1);
CREATE TABLE generation(
    nth bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id bigint NOT NULL UNIQUE, who text NOT NULL,
    boot text NOT NULL, mono bigint NOT NULL, wall bigint NOT NULL, ended boolean NOT NULL);

CREATE TYPE moment AS (boot text, mono bigint, wall bigint);
