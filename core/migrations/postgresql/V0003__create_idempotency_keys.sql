-- What a POST with an Idempotency-Key has done, written by the transaction that did it. Neither the key nor the answer
-- can be read from here: the one is hashed, the other sealed with a key that is made of the first.
CREATE TABLE core_idempotency_keys (
    key_hash    bytea  PRIMARY KEY, -- of tenant, caller and key
    tenant_id   uuid,               -- of the caller; NULL for the system
    fingerprint bytea  NOT NULL,    -- of method, address and body
    object      text   NOT NULL,    -- what was changed: "policy 0192…"
    answer      bytea,              -- NULL until it is known
    created_us  bigint NOT NULL
);
CREATE INDEX idx_core_idempotency_keys_created ON core_idempotency_keys (created_us);
ALTER TABLE core_idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON core_idempotency_keys TO ae_system USING (true) WITH CHECK (true);
CREATE POLICY tenant ON core_idempotency_keys TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
