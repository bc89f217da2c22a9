-- What printers that dial in need (whom they proved to be, what came through them, who is not let in),
-- and the webhooks' outbox: how far each webhook is, and the letters that its receiver did not take yet.

ALTER TABLE printers ADD COLUMN identity TEXT NOT NULL DEFAULT '';  -- what it proved when it was let in

ALTER TABLE events ADD COLUMN data TEXT;      -- of a printer's event: the channel, or what was scanned

CREATE TABLE rejected (
    place INTEGER PRIMARY KEY,                -- the order in which they were rejected
    uri   TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE webhooks (
    seq     INTEGER PRIMARY KEY,
    name    TEXT    UNIQUE,                   -- NULL: dropped; the row stays until the last of its letters is gone
    cursor  INTEGER NOT NULL,                 -- the last event that was delivered or became a letter
    waiting INTEGER NOT NULL,                 -- how many letters wait (counted here: they may be very many)
    dead    INTEGER NOT NULL                  -- how many were given up
) STRICT;

-- Of each subject at most one letter is 'first': the oldest that waits. Those 'behind' it wait for it.
-- The body is last, so that the rest is read without it. AUTOINCREMENT: nobody's letter is taken for another.
CREATE TABLE letters (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook  INTEGER NOT NULL REFERENCES webhooks (seq),
    state    TEXT    NOT NULL,                -- 'first', 'behind' or 'dead'
    event    INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    url      TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    since_s  REAL    NOT NULL,
    next_s   REAL    NOT NULL,
    tries    INTEGER NOT NULL,
    last_at  INTEGER,
    error    TEXT    NOT NULL,
    dead_s   REAL,                            -- the store's age when it was given up
    body     BLOB    NOT NULL
) STRICT;

-- The lines: whom to try next, whose line it is, who follows. Each as small as its answer, however many wait.
CREATE INDEX letters_next ON letters (webhook, next_s) WHERE state = 'first';
CREATE INDEX letters_in_line ON letters (webhook, state, subject);
CREATE INDEX letters_dead ON letters (webhook) WHERE state = 'dead';
CREATE INDEX letters_given_up ON letters (dead_s) WHERE state = 'dead';
