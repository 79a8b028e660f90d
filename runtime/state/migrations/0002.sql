-- What an open operation goes on with in place of its first message: the exact last pollReq, or certConf.
-- States of format 1 may have it already.
CREATE TABLE IF NOT EXISTS later (
    operation INTEGER PRIMARY KEY REFERENCES journal,
    message {bytes} NOT NULL
);
