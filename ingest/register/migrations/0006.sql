-- Format 6: the version of the program inside a device, as it says it.

CREATE TABLE firmware (
    device  TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    -- When it was said first, ms since 1970 UTC.
    since   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
