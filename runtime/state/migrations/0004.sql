-- Who committed a version: user@host of the process; empty for versions of older formats.
ALTER TABLE version ADD COLUMN committed_by TEXT NOT NULL DEFAULT '';
