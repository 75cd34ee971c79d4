-- Format 2: codes that a device trades for its credential.

-- Of a code only a hash is kept. It is open while it has no end and its time is not over; a device has one open code at most.
CREATE TABLE claim (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    device     TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    topics     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ended_by   TEXT CHECK (ended_by IN ('trade', 'another', 'revocation')),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX claim_device ON claim (device) WHERE ended_at IS NULL;
