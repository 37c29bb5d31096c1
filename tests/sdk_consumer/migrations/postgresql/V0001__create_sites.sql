CREATE TABLE sites_sites (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    arrivals bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

ALTER TABLE sites_sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE sites_sites FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sites_sites TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system ON sites_sites TO ae_system USING (true) WITH CHECK (true);
