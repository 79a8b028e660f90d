-- Phases of the journal are those of recovery/phases.py from now on, each told apart by its name alone.
UPDATE journal SET phase = 'waiting'
    WHERE phase = 'requested' AND id IN (SELECT operation FROM later);
UPDATE journal SET phase = 'granted'
    WHERE phase = 'received' AND id NOT IN (SELECT operation FROM later);
UPDATE journal SET phase = 'revoking' WHERE phase = 'requested' AND operation = 'revoke';
UPDATE journal SET phase = 'revoking-waiting' WHERE phase = 'waiting' AND operation = 'revoke';
DROP INDEX IF EXISTS journal_open;
CREATE INDEX journal_open ON journal (device, path) WHERE ended_at IS NULL;
-- What an operation asks for, so that it can be gone on with where the script is not; older ones lack it.
-- Secrets that a script has in clear are in the table secret, encrypted, until the operation ends.
CREATE TABLE IF NOT EXISTS asked (
    operation INTEGER PRIMARY KEY REFERENCES journal,
    document TEXT NOT NULL,      -- JSON
    ends INTEGER REFERENCES journal -- the operation whose certificate this one revokes: it was given up
);
