-- Format 5: by which way a device was heard last.

-- `door` is the collector or endpoint, `gateways` their names in order, with a space between them.
CREATE TABLE path (
    device   TEXT PRIMARY KEY,
    door     TEXT,
    gateways TEXT NOT NULL
) STRICT, WITHOUT ROWID;
