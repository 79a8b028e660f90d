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

CREATE TABLE IF NOT EXISTS crl (      -- CRLs of earlier versions: their numbers are not given again
    number INTEGER PRIMARY KEY,       -- CRLNumber
    listed TEXT NOT NULL,
    data BLOB NOT NULL                -- DER
);

CREATE TABLE IF NOT EXISTS ca_crl (   -- every CRL that was made; the last one of each CA is in force
    ca TEXT NOT NULL,                 -- its subject key identifier, hexadecimal
    number INTEGER NOT NULL,          -- CRLNumber; no two lists have the same
    listed TEXT NOT NULL,             -- what it revokes: a line with serial, reason and time for each
    data BLOB NOT NULL,               -- DER
    PRIMARY KEY (ca, number)
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
