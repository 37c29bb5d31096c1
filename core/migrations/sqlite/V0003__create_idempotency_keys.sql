-- What a POST with an Idempotency-Key has done, written by the transaction that did it. Neither the key nor the answer
-- can be read from here: the one is hashed, the other sealed with a key that is made of the first.
CREATE TABLE core_idempotency_keys (
    key_hash    BLOB    PRIMARY KEY, -- of tenant, caller and key
    tenant_id   TEXT,                -- of the caller; NULL for the system
    fingerprint BLOB    NOT NULL,    -- of method, address and body
    object      TEXT    NOT NULL,    -- what was changed: "policy 0192…"
    answer      BLOB,                -- NULL until it is known
    created_us  INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_core_idempotency_keys_created ON core_idempotency_keys (created_us);
