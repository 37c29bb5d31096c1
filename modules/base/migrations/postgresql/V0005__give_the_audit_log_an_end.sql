-- Room for a chain of hashes: each entry may hold that of itself and the one before it.
ALTER TABLE audit_log ADD COLUMN hash bytea;

-- Where what is left of a tenant's log begins: the last entry that was erased. The nil UUID stands for the entries of no
-- tenant. There is no reference to tenants: a tenant's entries outlive it.
CREATE TABLE audit_anchors (
    tenant_id uuid PRIMARY KEY,
    entry_id uuid NOT NULL,
    at_us bigint NOT NULL,
    hash bytea,
    erased bigint NOT NULL,
    updated_at_us bigint NOT NULL
);
ALTER TABLE audit_anchors ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_anchors FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON audit_anchors TO ae_system USING (true) WITH CHECK (true);
CREATE POLICY tenant ON audit_anchors TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
REVOKE INSERT, UPDATE, DELETE ON audit_anchors FROM ae_app;
REVOKE DELETE ON audit_anchors FROM ae_system;
