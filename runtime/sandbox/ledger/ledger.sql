-- What the sandbox CA did. Times are ISO 8601 in UTC. A ledger of an earlier version gets the tables that it
-- lacks; the tables that it has stay as they are.
CREATE TABLE IF NOT EXISTS certificate (
    serial_number TEXT PRIMARY KEY,   -- hexadecimal
    subject TEXT NOT NULL,            -- RFC 4514
    data BLOB NOT NULL,               -- DER
    status TEXT NOT NULL,             -- issued, confirmed, rejected, revoked
    reason TEXT NOT NULL DEFAULT '',
    transaction_id TEXT NOT NULL,
    requested_with TEXT NOT NULL,     -- ir, cr, kur or p10cr; operator: by hand
    authenticated_by TEXT NOT NULL,   -- reference:HEX, certificate:SERIAL, external:SHA-256 or operator
    issued_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS answer (   -- every request that was answered, by its digest
    transaction_id TEXT NOT NULL,
    request TEXT NOT NULL,            -- SHA-256 of the request, hexadecimal
    response BLOB NOT NULL,
    sender_nonce BLOB NOT NULL,       -- of the response: what the next message has to return
    expects TEXT NOT NULL,            -- certConf or pollReq if the transaction goes on, else nothing
    PRIMARY KEY (transaction_id, request)
);

CREATE TABLE IF NOT EXISTS waiting (  -- requests that were found right and are not answered yet
    transaction_id TEXT PRIMARY KEY,
    request BLOB NOT NULL,            -- the PKIMessage as it came
    cert_req_id INTEGER NOT NULL,     -- what has to be polled for
    requested_by TEXT NOT NULL,       -- as authenticated_by
    polls INTEGER NOT NULL            -- how many pollReqs still get a pollRep
);

CREATE TABLE IF NOT EXISTS waiting_terms (  -- how they came
    transaction_id TEXT PRIMARY KEY,
    vouched INTEGER NOT NULL,         -- whether an RA approved it
    profile TEXT NOT NULL             -- certificate profile of the path; empty if it has none
);

CREATE TABLE IF NOT EXISTS crl (      -- CRLs of earlier versions: their numbers are not given again
    number INTEGER PRIMARY KEY,       -- CRLNumber
    listed TEXT NOT NULL,
    data BLOB NOT NULL                -- DER
);

CREATE TABLE IF NOT EXISTS nonce (    -- of every message that was answered, for ever
    digest BLOB PRIMARY KEY           -- SHA-256 of the senderNonce
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS unconfirmed (  -- certificates whose certConf is due
    transaction_id TEXT PRIMARY KEY,
    serial_number TEXT NOT NULL,      -- hexadecimal
    until TEXT NOT NULL               -- when it is revoked
);
CREATE INDEX IF NOT EXISTS unconfirmed_until ON unconfirmed (until);
CREATE INDEX IF NOT EXISTS certificate_transaction ON certificate (transaction_id);

CREATE TABLE IF NOT EXISTS challenge (    -- requests whose requester has to decrypt a number first
    transaction_id TEXT PRIMARY KEY,
    request BLOB NOT NULL,            -- a PKIMessage with the request's header and body
    requested_by TEXT NOT NULL,       -- reference:HEX or certificate:SERIAL
    witness BLOB NOT NULL,            -- SHA-256 of the number, as DER
    vouched INTEGER NOT NULL,         -- as in waiting_terms
    profile TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS used_secret (  -- secrets for one certificate that has been issued
    reference TEXT PRIMARY KEY,       -- hexadecimal
    transaction_id TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS certified_key (
    digest BLOB PRIMARY KEY           -- SHA-256 of the SubjectPublicKeyInfo
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS invalidity (   -- since when a certificate is invalid, if who revoked it said so
    serial_number TEXT PRIMARY KEY,
    since TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS revocations (  -- one row: how often it has changed what is revoked
    changes INTEGER NOT NULL
);

INSERT INTO revocations SELECT 0 WHERE NOT EXISTS (SELECT * FROM revocations);

-- Whoever changes a certificate need not think of the lists that have to be made again.
CREATE TRIGGER IF NOT EXISTS count_revocations AFTER UPDATE ON certificate
WHEN OLD.status IN ('revoked', 'rejected') OR NEW.status IN ('revoked', 'rejected')
BEGIN
    UPDATE revocations SET changes = changes + 1;
END;

CREATE INDEX IF NOT EXISTS revoked ON certificate (status) WHERE status IN ('revoked', 'rejected');

CREATE TABLE IF NOT EXISTS revocation_list (  -- the CRL in force of each CA
    ca TEXT PRIMARY KEY,              -- its subject key identifier, hexadecimal
    number INTEGER NOT NULL,          -- CRLNumber; no two lists have the same
    changes INTEGER NOT NULL,         -- of revocations, when it was made
    this_update TEXT NOT NULL,
    next_update TEXT NOT NULL,
    data BLOB NOT NULL                -- DER
);

CREATE TABLE IF NOT EXISTS request (  -- every message that came, also those that were refused
    number INTEGER PRIMARY KEY,
    received_at TEXT NOT NULL,
    transaction_id TEXT NOT NULL,     -- hexadecimal; empty if the message has none, or cannot be read
    kind TEXT NOT NULL,               -- the name of the body; empty if the message cannot be read
    requested_by TEXT NOT NULL,       -- reference:HEX or certificate:SERIAL; empty if nobody says so
    is_authenticated INTEGER NOT NULL,
    outcome TEXT NOT NULL,            -- the PKIStatus answered, or repeated
    failures TEXT NOT NULL,           -- the names of PKIFailureInfo, with blanks between
    reason TEXT NOT NULL              -- statusString
);
CREATE INDEX IF NOT EXISTS request_of_transaction ON request (transaction_id);
