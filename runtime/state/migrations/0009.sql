-- The certificates by which one that a CA issued led to its trust anchor; their bytes are in content.
CREATE TABLE issuer (
    certificate TEXT NOT NULL,   -- content id of what was issued
    place INTEGER NOT NULL,      -- 1: its issuer, 2: that one's, and so on
    issuer TEXT NOT NULL,        -- content id
    PRIMARY KEY (certificate, place)
);
