-- Format 1: who is behind a name. Without the keys, which are kept elsewhere, nothing here can be read.

-- `salt` makes the key of the subject's messages: where the row is gone, nobody can open them any more.
-- `meter` is the device's own id, sealed by the key of the vault.
CREATE TABLE subject (
    name  TEXT PRIMARY KEY,
    year  INTEGER NOT NULL,
    salt  BLOB NOT NULL CHECK (length(salt) = 32),
    meter BLOB NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
