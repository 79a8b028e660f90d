-- What a state of format 1 holds. Times are ISO 8601 in UTC.
CREATE TABLE format (version INTEGER NOT NULL);
INSERT INTO format VALUES (1);

CREATE TABLE device (
    name TEXT PRIMARY KEY,
    candidate TEXT NOT NULL,     -- configurations as JSON
    active TEXT NOT NULL,
    version INTEGER NOT NULL,    -- the committed version, 0 before the first commit
    left_by TEXT NOT NULL        -- digest of the inputs whose run ended with this state, or empty
);

CREATE TABLE version (           -- every configuration that was ever committed
    device TEXT NOT NULL REFERENCES device,
    number INTEGER NOT NULL,
    configuration TEXT NOT NULL,
    script TEXT NOT NULL,        -- SHA-256 of the script that committed it
    committed_at TEXT NOT NULL,
    PRIMARY KEY (device, number)
);

CREATE TABLE device_file (       -- what certmgr left on the device
    device TEXT NOT NULL REFERENCES device,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (device, name)
);

CREATE TABLE content (           -- public bytes by content id
    id TEXT PRIMARY KEY,
    data {bytes} NOT NULL
);

CREATE TABLE secret (            -- private keys by content id, encrypted
    id TEXT PRIMARY KEY,
    data {bytes} NOT NULL
);

CREATE TABLE certificate (       -- each certificate that CMP obtained; the newest of a path counts
    id {serial},
    device TEXT NOT NULL REFERENCES device,
    path TEXT NOT NULL,
    certificate TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    not_before TEXT NOT NULL,
    not_after TEXT NOT NULL,
    script TEXT NOT NULL,
    operations INTEGER NOT NULL,
    is_revoked INTEGER NOT NULL
);
CREATE INDEX certificate_of ON certificate (device, path, id);

CREATE TABLE journal (           -- every CMP operation, written before it acts
    id {serial},
    device TEXT NOT NULL REFERENCES device,
    path TEXT NOT NULL,
    operation TEXT NOT NULL,     -- initiate, update, revoke
    intent TEXT NOT NULL,        -- digest of what is asked for: only the same may be resumed
    transaction_id TEXT NOT NULL,
    key TEXT,                    -- content id of the new private key
    request {bytes} NOT NULL,       -- the exact first message
    certificate TEXT,            -- content id of what the CA issued, before it is confirmed
    phase TEXT NOT NULL,         -- requested, received, done, failed
    outcome TEXT NOT NULL DEFAULT '',
    started_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX journal_open ON journal (device, path) WHERE phase IN ('requested', 'received');
