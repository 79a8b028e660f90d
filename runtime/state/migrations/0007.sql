-- The last activation of a device, as long as it is not committed. None for what older formats have activated.
CREATE TABLE activation (
    device TEXT PRIMARY KEY REFERENCES device,
    activated_at TEXT NOT NULL,
    deadline TEXT NOT NULL,      -- from then on it counts as rolled back
    rolled_back_at TEXT          -- when it was, once that is written down
);
-- Whether a script has deleted the certificate's object: then nobody misses it. In older formats whatever no
-- configuration had any more was taken for that.
ALTER TABLE certificate ADD COLUMN is_given_up INTEGER NOT NULL DEFAULT 0;
UPDATE certificate SET is_given_up = 1;
-- The version that `csc rollback` has brought back with this one; NULL where a script committed it.
ALTER TABLE version ADD COLUMN restores INTEGER;
