-- The keys of the vault: one row, made at the first opening for writing. States of format 1 to 4 have secrets that
-- the master key itself sealed.
CREATE TABLE vault (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    source TEXT NOT NULL,           -- where the master key lies: file, env, keyring, passphrase
    detail TEXT NOT NULL,           -- the entry of the keyring; salt and cost of a passphrase, as JSON
    key_id TEXT NOT NULL,           -- of the data key: another one after each rekey
    master_check {bytes} NOT NULL,  -- tells a wrong master key at once
    data_key {bytes} NOT NULL,      -- what seals secrets, wrapped by the master key
    fingerprint_key {bytes} NOT NULL, -- what tells secrets of configurations apart, wrapped; no rekey changes it
    made_at TEXT NOT NULL
);
