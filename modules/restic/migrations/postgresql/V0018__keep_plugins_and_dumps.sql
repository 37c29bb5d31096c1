-- What agents told of their dump plugins, and what became of each database that they dump.
CREATE TABLE restic_agent_plugins (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    agent_id uuid NOT NULL,
    version text NOT NULL,
    document jsonb NOT NULL,
    reported_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);
-- The present state of each; recent_bytes are the sizes of its last dumps, the newest first. verify_error: why the last
-- restore test failed.
CREATE TABLE restic_dumps (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    plugin text NOT NULL,
    set_name text NOT NULL,
    database_name text NOT NULL,
    state text NOT NULL,
    error text,
    snapshot_id text,
    recent_bytes jsonb NOT NULL,
    last_saved_at_us bigint,
    last_tried_at_us bigint NOT NULL,
    verified_at_us bigint,
    verify_error text,
    PRIMARY KEY (tenant_id, target_id, plugin, set_name, database_name),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE restic_agent_plugins ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_agent_plugins FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_agent_plugins TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_agent_plugins TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE restic_dumps ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_dumps FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_dumps TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_dumps TO ae_system USING (true) WITH CHECK (true);
-- Of a snapshot that is the dump of a database: plugin, set, database, file, and what the plugin knew of it.
ALTER TABLE restic_snapshots ADD COLUMN dump jsonb;
