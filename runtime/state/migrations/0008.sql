-- What was done, by whom: a chain for each device. Every entry's hash covers the hash of the one before.
CREATE TABLE audit (
    device TEXT NOT NULL,        -- empty: what concerns the state as a whole
    seq INTEGER NOT NULL,        -- 1, 2, 3 and so on, without a gap
    run TEXT NOT NULL,           -- random, the same in all entries of a run; empty outside of one
    at TEXT NOT NULL,
    who TEXT NOT NULL,           -- user@host
    pid INTEGER NOT NULL,
    what TEXT NOT NULL,          -- the name of the event
    details TEXT NOT NULL,       -- canonical JSON
    previous TEXT NOT NULL,      -- the hash of the entry before, empty in the first
    hash TEXT NOT NULL,          -- SHA-256, see runtime/state/audit.py
    PRIMARY KEY (device, seq)
);
CREATE INDEX audit_of_run ON audit (device, run, seq);

CREATE TABLE audit_head (        -- the newest entry of each chain: who appends one locks the row
    device TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    version INTEGER NOT NULL,    -- what is older than the log: up to this version, and to this id
    certificate INTEGER NOT NULL
);
INSERT INTO audit_head SELECT name, 0, '',
    (SELECT coalesce(max(version.number), 0) FROM version WHERE version.device = device.name),
    (SELECT coalesce(max(certificate.id), 0) FROM certificate WHERE certificate.device = device.name)
    FROM device;

CREATE INDEX journal_of ON journal (device, path, id);
