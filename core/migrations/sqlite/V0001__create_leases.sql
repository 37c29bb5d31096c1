-- Which host does what only one may do. Stays empty here: the one host on the file holds every lease.
CREATE TABLE core_leases (
    name        TEXT   PRIMARY KEY,
    holder      TEXT   NOT NULL,
    token       BIGINT NOT NULL,
    expires_us  BIGINT NOT NULL,
    slot_us     BIGINT
);
