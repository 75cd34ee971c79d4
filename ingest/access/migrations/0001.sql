-- Format 1: who may see and do what, and what was done.

-- `password` is an argon2id hash in PHC form. Contractors have a territory, nobody else has.
CREATE TABLE user (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL CHECK (role IN ('contractor', 'officer', 'engineer', 'dpo', 'admin')),
    contractor TEXT CHECK ((role = 'contractor') = (contractor IS NOT NULL)),
    password   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen  INTEGER
) STRICT, WITHOUT ROWID;

-- Of a session, a token and a credential only the SHA-256 of the secret is kept: the secret has 256 bits of chance.
CREATE TABLE session (
    hash       BLOB PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);

CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('contractor', 'officer', 'engineer', 'dpo', 'admin')),
    contractor TEXT CHECK ((role = 'contractor') = (contractor IS NOT NULL)),
    read_only  INTEGER NOT NULL,
    made_by    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- Wrong passwords by the name that was tried, whether or not there is such a user.
CREATE TABLE failure (
    name         TEXT PRIMARY KEY,
    count        INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    locked_until INTEGER
) STRICT, WITHOUT ROWID;

-- `topics` is a JSON list of filters besides the device's own topics.
CREATE TABLE credential (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    device     TEXT NOT NULL,
    hash       BLOB NOT NULL,
    topics     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX credential_device ON credential (device) WHERE revoked_at IS NULL;

-- What was done. `hash` is over the row and the hash of the row before; rows are only ever added.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    address TEXT,
    event   TEXT NOT NULL,
    what    TEXT NOT NULL,
    outcome TEXT NOT NULL,
    hash    TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
