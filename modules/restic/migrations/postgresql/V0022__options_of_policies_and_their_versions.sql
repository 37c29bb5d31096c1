-- What counts for a policy beside its own columns (options), and what it says itself (own_options, null: its own columns).
ALTER TABLE restic_policies ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
ALTER TABLE restic_policies ADD COLUMN own_options jsonb;
ALTER TABLE restic_policies ADD COLUMN assign jsonb;
ALTER TABLE restic_policies ADD COLUMN changed_by text NOT NULL DEFAULT '';
ALTER TABLE restic_agent_policy_links ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
ALTER TABLE restic_agent_policy_links ADD COLUMN assigned boolean NOT NULL DEFAULT FALSE;
ALTER TABLE restic_agents ADD COLUMN tags jsonb NOT NULL DEFAULT '[]';
-- What a tenant's policies go by where they say nothing.
CREATE TABLE restic_policy_defaults (
    tenant_id uuid PRIMARY KEY REFERENCES tenants(id) ON DELETE CASCADE,
    options jsonb NOT NULL,
    updated_at_us bigint NOT NULL
);
-- How each policy was each time that it was saved.
CREATE TABLE restic_policy_versions (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    policy_id uuid NOT NULL,
    version integer NOT NULL,
    at_us bigint NOT NULL,
    author text NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, version),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE restic_policy_defaults ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_policy_defaults FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_policy_defaults TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_policy_defaults TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE restic_policy_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_policy_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_policy_versions TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_policy_versions TO ae_system USING (true) WITH CHECK (true);
