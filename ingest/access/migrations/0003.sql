-- Format 3: the second factor of users who want one.

-- `secret` cannot be a hash, since codes are computed from it. It asks nobody for a code before `confirmed_at`. No code of
-- `step`, or of one before it, is taken again.
CREATE TABLE second_factor (
    user         TEXT PRIMARY KEY REFERENCES user (name) ON DELETE CASCADE,
    secret       BLOB NOT NULL,
    confirmed_at INTEGER,
    step         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Codes for the day on which the telephone is gone: each is taken once.
CREATE TABLE recovery_code (
    hash BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES second_factor (user) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_code_user ON recovery_code (user);
