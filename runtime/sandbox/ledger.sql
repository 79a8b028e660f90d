-- What the sandbox CA did, format 1. Times are ISO 8601 in UTC.
CREATE TABLE certificate (
    serial_number TEXT PRIMARY KEY,   -- hexadecimal
    subject TEXT NOT NULL,            -- RFC 4514
    data BLOB NOT NULL,               -- DER
    status TEXT NOT NULL,             -- issued, confirmed, rejected, revoked
    reason TEXT NOT NULL DEFAULT '',
    transaction_id TEXT NOT NULL,
    requested_with TEXT NOT NULL,     -- ir, cr or kur
    authenticated_by TEXT NOT NULL,   -- reference:HEX or certificate:SERIAL
    issued_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE answer (                 -- every request that was answered, by its digest
    transaction_id TEXT NOT NULL,
    request TEXT NOT NULL,            -- SHA-256 of the request, hexadecimal
    response BLOB NOT NULL,
    sender_nonce BLOB NOT NULL,       -- of the response: what the next message has to return
    expects TEXT NOT NULL,            -- certConf if the transaction goes on, else nothing
    PRIMARY KEY (transaction_id, request)
);
