-- Format 1. Instants are milliseconds since the epoch, UTC; names are as in the vocabulary.

-- Single numbers: `cursor`, the journal offset up to which everything is judged.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that were heard.
CREATE TABLE device (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    profile    TEXT,
    lat        REAL,
    lon        REAL,
    label      TEXT,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_kind ON device (kind, id);
CREATE INDEX device_zone ON device (zone, id);

-- Messages put aside. `flags` as in the record of a message: bits 0-1 QoS, 2 retain, 3 dup, 4 last will.
CREATE TABLE quarantine (
    offset      INTEGER PRIMARY KEY,
    reason      TEXT NOT NULL,
    text        TEXT NOT NULL,
    topic       TEXT NOT NULL,
    payload     BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    flags       INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_reason ON quarantine (reason, offset);

-- What the engine remembers of each device; its own format.
CREATE TABLE engine_state (
    device TEXT PRIMARY KEY,
    state  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row an episode, as its last transition left it. `severity` 0 to 3: info to emergency.
CREATE TABLE alert (
    id          TEXT PRIMARY KEY,
    rule        TEXT NOT NULL,
    device      TEXT NOT NULL,
    quantity    TEXT NOT NULL,
    channel     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    zone        TEXT NOT NULL,
    severity    INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),
    phase       TEXT NOT NULL CHECK (phase IN ('inactive', 'pending', 'firing', 'resolved')),
    since       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    fired_at    INTEGER,
    resolved_at INTEGER,
    value       REAL,
    fr          TEXT NOT NULL,
    ar          TEXT NOT NULL,
    en          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Pages ask for the open ones every few seconds: they are few, whatever the history.
CREATE INDEX alert_open ON alert (severity DESC, at DESC, id) WHERE phase IN ('pending', 'firing');
CREATE INDEX alert_order ON alert (severity DESC, at DESC, id);
CREATE INDEX alert_device ON alert (device, at);

-- Every step of every episode, in the order in which it was decided. Rows are only ever added.
CREATE TABLE transition (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    alert      TEXT NOT NULL REFERENCES alert (id),
    rule       TEXT NOT NULL,
    device     TEXT NOT NULL,
    quantity   TEXT NOT NULL,
    channel    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    severity   INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),
    from_phase TEXT NOT NULL,
    to_phase   TEXT NOT NULL,
    at         INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    value      REAL,
    fr         TEXT NOT NULL,
    ar         TEXT NOT NULL,
    en         TEXT NOT NULL,
    notify     TEXT NOT NULL -- channel names, parted by one space
) STRICT;
CREATE INDEX transition_alert ON transition (alert, number);

-- What is still to be told, and what became of it.
CREATE TABLE outbox (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    channel    TEXT NOT NULL,
    transition INTEGER NOT NULL REFERENCES transition (number),
    made_at    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    settled_at INTEGER,
    reason     TEXT,
    UNIQUE (transition, channel)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (channel, number) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (state, number) WHERE state <> 'waiting';
