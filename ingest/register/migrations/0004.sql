-- Format 4: what operators do.

-- What was done to alerts, in the order in which it was done. Rows are only ever added. `assignee` with an
-- assignment that names somebody, `until` with what expires.
CREATE TABLE act (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    alert    TEXT NOT NULL REFERENCES alert (id),
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    note     TEXT NOT NULL,
    what     TEXT NOT NULL CHECK (what IN ('acknowledge', 'unacknowledge', 'assign', 'shelve', 'unshelve', 'resolve')),
    assignee TEXT,
    until    INTEGER
) STRICT;
CREATE INDEX act_alert ON act (alert, number);

-- What those acts come to, one row an alert that was touched. `marks` is JSON; the two instants stand beside it
-- for questions, the largest number where there is no end.
CREATE TABLE life (
    alert              TEXT PRIMARY KEY REFERENCES alert (id),
    marks              TEXT NOT NULL,
    acknowledged_until INTEGER,
    shelved_until      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX life_shelved ON life (shelved_until) WHERE shelved_until IS NOT NULL;

-- Silences and maintenance windows. `scope` is JSON. Rows are only ever added, and ended.
CREATE TABLE quiet (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sort       TEXT NOT NULL CHECK (sort IN ('silence', 'maintenance')),
    scope      TEXT NOT NULL,
    begins     INTEGER NOT NULL,
    until      INTEGER NOT NULL CHECK (until > begins),
    who        TEXT NOT NULL,
    note       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ended_by   TEXT
) STRICT;
CREATE INDEX quiet_standing ON quiet (until) WHERE ended_at IS NULL;

-- `acted`, the number of the last act that the planner took in.
INSERT INTO meta (name, value) VALUES ('acted', 0);
