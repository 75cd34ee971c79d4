-- Format 2: whose a message put aside was, how many bytes wait, what has left; devices adopted by a person.

ALTER TABLE quarantine ADD COLUMN device TEXT;
ALTER TABLE quarantine ADD COLUMN profile TEXT;
CREATE INDEX quarantine_device ON quarantine (device, offset);
CREATE INDEX quarantine_received ON quarantine (received_at);

-- The bytes that wait are a number of `meta`, kept by the database itself: a sum over all rows is not cheap.
-- A row counts as its payload, topic and text, and 128 for the rest.
INSERT INTO meta (name, value)
    SELECT 'quarantine_bytes', coalesce(sum(length(payload) + octet_length(topic) + octet_length(text) + 128), 0) FROM quarantine;
CREATE TRIGGER quarantine_in AFTER INSERT ON quarantine BEGIN
    UPDATE meta SET value = value + length(new.payload) + octet_length(new.topic) + octet_length(new.text) + 128
    WHERE name = 'quarantine_bytes';
END;
CREATE TRIGGER quarantine_out AFTER DELETE ON quarantine BEGIN
    UPDATE meta SET value = value - length(old.payload) - octet_length(old.topic) - octet_length(old.text) - 128
    WHERE name = 'quarantine_bytes';
END;
CREATE TRIGGER quarantine_restated AFTER UPDATE OF text ON quarantine BEGIN
    UPDATE meta SET value = value + octet_length(new.text) - octet_length(old.text) WHERE name = 'quarantine_bytes';
END;

-- Messages that left: brought back with something new, brought back with nothing new, dropped, forgotten.
INSERT INTO meta (name, value) VALUES ('left_stored', 0), ('left_duplicate', 0), ('left_dropped', 0), ('left_forgotten', 0);

-- Devices that a person adopted. `fitting` is JSON without the key, which stands beside it.
CREATE TABLE adopted (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    profile    TEXT,
    lat        REAL,
    lon        REAL,
    label      TEXT,
    fitting    TEXT NOT NULL,
    key        BLOB,
    adopted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages without which later ones cannot be read (Sparkplug births): the last one of each topic.
CREATE TABLE birth (
    topic       TEXT PRIMARY KEY,
    payload     BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
