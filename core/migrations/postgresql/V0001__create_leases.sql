-- Which host does what only one may do. `token` grows with every change of the holder: what a holder writes names it,
-- so that one that was stopped and comes back cannot write any more.
CREATE TABLE core_leases (
    name        text   PRIMARY KEY,
    holder      text   NOT NULL,
    token       bigint NOT NULL,
    expires_us  bigint NOT NULL, -- by the database's clock
    slot_us     bigint           -- the last planned time that was begun
);
REVOKE INSERT, UPDATE, DELETE ON core_leases FROM ae_app;
