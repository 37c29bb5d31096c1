CREATE TABLE hello_greetings (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    text text NOT NULL,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX hello_greetings_by_age ON hello_greetings (tenant_id, created_at_us, id);

-- The second wall between tenants: the database itself keeps them apart.
ALTER TABLE hello_greetings ENABLE ROW LEVEL SECURITY;
ALTER TABLE hello_greetings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON hello_greetings TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system ON hello_greetings TO ae_system USING (true) WITH CHECK (true);
