-- Who writes to a device at the moment. One may be held before the device is known.
CREATE TABLE lease (
    device TEXT PRIMARY KEY,
    token TEXT NOT NULL,         -- random: a writer whose token is another one has lost the lease
    owner TEXT NOT NULL,         -- the user's name
    host TEXT NOT NULL,
    machine TEXT NOT NULL,       -- what tells machines, their starts and namespaces of processes apart;
    boot TEXT NOT NULL,          -- each is empty where the system does not say
    namespace TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,       -- when the process started, as the system counts
    acquired_at TEXT NOT NULL,
    renewed_at TEXT NOT NULL     -- the last time that its owner wrote
);
