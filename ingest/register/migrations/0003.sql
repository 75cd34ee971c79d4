-- Messages for receivers: of one step or of several, over one channel or another, and why.

-- What is still to be told, and what became of it. `id` is the message's at its receiver; `via` is the channel
-- that carried it, which may be another than the line's.
CREATE TABLE outbox_of_receivers (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver   TEXT NOT NULL,
    channel    TEXT NOT NULL,
    id         TEXT NOT NULL,
    form       TEXT NOT NULL CHECK (form IN ('single', 'group', 'digest', 'reminder')),
    made_at    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    settled_at INTEGER,
    reason     TEXT,
    via        TEXT,
    UNIQUE (receiver, channel, id)
) STRICT;

-- A channel that a rule named was its own receiver.
INSERT INTO outbox_of_receivers (number, receiver, channel, id, form, made_at, due, attempts, state, settled_at, reason, via)
SELECT o.number, o.channel, o.channel, t.id, 'single', o.made_at, o.due, o.attempts, o.state, o.settled_at, o.reason,
       CASE o.state WHEN 'delivered' THEN o.channel END
FROM outbox o JOIN transition t ON t.number = o.transition;

-- Which transitions a message tells.
CREATE TABLE told (
    outbox     INTEGER NOT NULL REFERENCES outbox_of_receivers (number) ON DELETE CASCADE,
    transition INTEGER NOT NULL REFERENCES transition (number),
    PRIMARY KEY (outbox, transition)
) STRICT, WITHOUT ROWID;
INSERT INTO told (outbox, transition) SELECT number, transition FROM outbox;
CREATE INDEX told_transition ON told (transition, outbox);

DROP TABLE outbox;
ALTER TABLE outbox_of_receivers RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (receiver, channel, number) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (state, number) WHERE state <> 'waiting';

-- What the planner remembers, by piece; its own format.
CREATE TABLE plan_state (
    piece TEXT PRIMARY KEY,
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- `planned`, the number of the last transition that is planned: what an earlier program decided, it also posted.
INSERT INTO meta (name, value) VALUES ('planned', (SELECT coalesce(max(number), 0) FROM transition));

-- The links of the chains that lead from a decision to a message, or to none. `reason` is JSON.
CREATE TABLE why (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    transition INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    receiver   TEXT,
    reason     TEXT NOT NULL
) STRICT;
CREATE INDEX why_transition ON why (transition, number);

-- What a step corrects, or why the rule was moved on without a reading. JSON; nothing with most steps.
ALTER TABLE transition ADD COLUMN note TEXT;
