-- The first schema: jobs, their documents and history, printers, origins, and the store's age.
-- Moments (`…_at`) are microseconds since 1970, UTC, for people to read.
-- Durations and ages (`…_s`) are seconds; `since_s` is the store's age when the job entered its state.

CREATE TABLE jobs (
    seq                INTEGER PRIMARY KEY,   -- the order of acceptance
    id                 TEXT    NOT NULL UNIQUE,
    printer            TEXT    NOT NULL,
    state              TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    changed_at         INTEGER NOT NULL,
    reasons            TEXT    NOT NULL,      -- keywords, one a line
    message            TEXT    NOT NULL,
    evidence           INTEGER NOT NULL,      -- 0 none, 1 sent, 2 delivered, 3 printed
    attempt            INTEGER NOT NULL,
    sent_bytes         INTEGER NOT NULL,
    title              TEXT    NOT NULL,
    copies             INTEGER NOT NULL,
    media_type         TEXT    NOT NULL,
    language           TEXT    NOT NULL,
    size_bytes         INTEGER NOT NULL,
    sha256             TEXT    NOT NULL,
    document           INTEGER NOT NULL,      -- 0 no longer kept, 1 in `documents`, 2 a file beside
    dialect            TEXT    NOT NULL,
    owner              TEXT    NOT NULL,
    client_key         TEXT,
    external_id        TEXT,
    start_within_s     REAL,
    on_late            TEXT,
    blocked_at_start_s REAL    NOT NULL,
    foreign_id         TEXT,
    reprint_of         TEXT,
    reprints           INTEGER NOT NULL,
    pulse_only         INTEGER NOT NULL,
    fingerprint        TEXT    NOT NULL,
    since_s            REAL    NOT NULL
) STRICT;

-- One key names one job, as long as its row is kept.
CREATE UNIQUE INDEX jobs_by_key ON jobs (owner, client_key) WHERE client_key IS NOT NULL;

-- The lanes' index: it stays as small as the work at hand, however long the history is.
CREATE INDEX jobs_open ON jobs (printer, state, seq) WHERE state IN ('pending', 'processing', 'held');

-- What people look for in a long history: what did not come out, and one printer's jobs.
CREATE INDEX jobs_unprinted ON jobs (seq) WHERE state IN ('aborted', 'canceled');
CREATE INDEX jobs_by_printer ON jobs (printer, seq);

-- What is swept, oldest first; with the size, so that the bytes kept are summed without a look at the rows.
CREATE INDEX jobs_finished ON jobs (document, since_s, size_bytes) WHERE state IN ('completed', 'aborted', 'canceled');

CREATE TABLE documents (
    job  INTEGER PRIMARY KEY REFERENCES jobs (seq),
    data BLOB NOT NULL
) STRICT;

-- One row a transition. AUTOINCREMENT: no id is given twice, even when the newest rows are gone.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    job        INTEGER REFERENCES jobs (seq), -- NULL: an event of a printer
    printer    TEXT,                          -- of a printer's event; a job's is in its row
    state      TEXT    NOT NULL,
    reasons    TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    evidence   INTEGER,
    attempt    INTEGER,
    sent_bytes INTEGER,
    since_s    REAL                           -- of a printer's event: the store's age at it
) STRICT;

CREATE INDEX events_by_job ON events (job, id) WHERE job IS NOT NULL;
CREATE INDEX events_of_printers ON events (since_s) WHERE job IS NULL;

CREATE TABLE printers (
    place           INTEGER PRIMARY KEY,      -- the order in which they came
    id              TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    uri             TEXT    NOT NULL,
    aliases         TEXT    NOT NULL,         -- JSON array
    source          TEXT    NOT NULL,
    options         TEXT    NOT NULL,         -- JSON object
    kinds           TEXT    NOT NULL,         -- JSON array
    paused          INTEGER NOT NULL,
    paused_because  TEXT    NOT NULL,
    info            TEXT    NOT NULL,
    is_default      INTEGER NOT NULL,
    blocked_s       REAL    NOT NULL DEFAULT 0,
    blocked_since_s REAL
) STRICT;

CREATE TABLE origins (
    origin TEXT PRIMARY KEY
) STRICT;

-- By this the store's age goes on after a restart; see docs/decisions/0001-the-stores-age.md.
CREATE TABLE life (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    age_s    REAL NOT NULL,
    boot_id  TEXT NOT NULL,
    uptime_s REAL NOT NULL,
    wall_s   REAL NOT NULL
) STRICT;
