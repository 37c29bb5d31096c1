-- Room for a chain of hashes: each entry may hold that of itself and the one before it.
ALTER TABLE audit_log ADD COLUMN hash BLOB;

-- Where what is left of a tenant's log begins: the last entry that was erased. The nil UUID stands for the entries of no
-- tenant. There is no reference to tenants: a tenant's entries outlive it.
CREATE TABLE audit_anchors (
    tenant_id TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    hash BLOB,
    erased BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);
