-- Format 7: reports that are sent on a schedule.

-- Each edition once for each line; what was sent of it is taken out when it has arrived, the row stays so that it is not sent again.
CREATE TABLE report (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver   TEXT NOT NULL,
    channel    TEXT NOT NULL,
    id         TEXT NOT NULL,
    subject    TEXT NOT NULL,
    words      TEXT NOT NULL,
    file       TEXT NOT NULL,
    html       TEXT,
    inline     INTEGER NOT NULL CHECK (inline IN (0, 1)),
    made_at    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    settled_at INTEGER,
    reason     TEXT,
    via        TEXT,
    UNIQUE (receiver, channel, id)
) STRICT;
CREATE INDEX report_waiting ON report (receiver, channel, number) WHERE state = 'waiting';
